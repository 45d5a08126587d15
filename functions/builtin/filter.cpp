#include "functions/builtin/filter.hpp"

#include <optional>

namespace faas::builtin {

namespace {

enum class relation { present, eq, ne, lt, le, gt, ge };

bool compare(const json& a, relation how, const json& b) {
  if (how == relation::eq)
    return a == b;
  if (how == relation::ne)
    return a != b;
  const bool ordered
    = (a.is_number() && b.is_number()) || (a.is_string() && b.is_string());
  if (!ordered)
    return false;
  switch (how) {
  case relation::lt:
    return a < b;
  case relation::le:
    return !(b < a);
  case relation::gt:
    return b < a;
  default:
    return !(a < b);
  }
}

} // namespace

struct filter::node {
  enum class kind { all, any, negated, test } what = kind::test;
  std::vector<std::shared_ptr<const node>> parts = {};
  // kind::test
  pointer left = {};
  relation how = relation::present;
  std::optional<pointer> right = {};
  json value = {};

  bool matches(const json& document) const {
    switch (what) {
    case kind::all:
      for (const auto& part : parts)
        if (!part->matches(document))
          return false;
      return true;
    case kind::any:
      for (const auto& part : parts)
        if (part->matches(document))
          return true;
      return false;
    case kind::negated:
      return !parts[0]->matches(document);
    case kind::test:
      break;
    }
    const auto* a = left.find(document);
    if (!a)
      return false;
    if (how == relation::present)
      return !a->is_null() && *a != false;
    const auto* b = right ? right->find(document) : &value;
    return b && compare(*a, how, *b);
  }
};

namespace {

using node = filter::node;
using part = result<std::shared_ptr<const node>>;

class reader {
public:
  explicit reader(std::string_view text) : text_(text) {}

  part all() {
    auto root = list(node::kind::any);
    skip();
    if (root && at_ != text_.size())
      return wrong("expected `and` or `or`");
    return root;
  }

private:
  error wrong(std::string_view why) const {
    return {errc::invalid_argument,
            "WHERE, at character " + std::to_string(at_ + 1) + ": "
              + std::string{why},
            "write for example: /level >= 3 and /site == \"north\""};
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t'
                                  || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  static bool ends_word(char c) {
    return std::string_view{" \t\r\n=!<>()"}.find(c) != std::string_view::npos;
  }
  std::string_view peek() {
    skip();
    auto end = at_;
    while (end < text_.size() && !ends_word(text_[end]))
      ++end;
    return text_.substr(at_, end - at_);
  }
  bool take(std::string_view word) {
    if (peek() != word)
      return false;
    at_ += word.size();
    return true;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c)
      return false;
    ++at_;
    return true;
  }

  /// any: all or all ...; all: unit and unit ...
  part list(node::kind what) {
    const bool any = what == node::kind::any;
    auto out = std::make_shared<node>();
    out->what = what;
    do {
      auto next = any ? list(node::kind::all) : unit();
      if (!next)
        return next.error();
      out->parts.push_back(std::move(*next));
    } while (take(any ? "or" : "and"));
    if (out->parts.size() == 1)
      return out->parts[0];
    return std::shared_ptr<const node>{std::move(out)};
  }

  part unit() {
    if (++depth_ > 32)
      return wrong("nested deeper than 32");
    auto out = unit_inside();
    --depth_;
    return out;
  }

  part unit_inside() {
    if (take('(')) {
      auto inside = list(node::kind::any);
      if (inside && !take(')'))
        return wrong("expected )");
      return inside;
    }
    if (take("not")) {
      auto inside = unit();
      if (!inside)
        return inside.error();
      auto out = std::make_shared<node>();
      out->what = node::kind::negated;
      out->parts.push_back(std::move(*inside));
      return std::shared_ptr<const node>{std::move(out)};
    }
    return test();
  }

  part test() {
    auto out = std::make_shared<node>();
    skip();
    result<pointer> left = pointer{};
    if (at_ < text_.size() && text_[at_] == '"') {
      auto quoted = value();
      if (!quoted)
        return quoted.error();
      left = pointer::parse(quoted->get_ref<const std::string&>());
    } else {
      const auto word = peek();
      if (word.empty() || word[0] != '/')
        return wrong("expected a JSON pointer such as /level");
      left = pointer::parse(word);
      at_ += word.size();
    }
    if (!left)
      return wrong(left.error().message);
    out->left = std::move(*left);
    out->how = operation();
    if (out->how != relation::present)
      if (auto done = right_side(*out); !done)
        return done.error();
    return std::shared_ptr<const node>{std::move(out)};
  }

  result<void> right_side(node& out) {
    const auto word = peek();
    if (!word.empty() && word[0] == '/') {
      auto other = pointer::parse(word);
      if (!other)
        return wrong(other.error().message);
      at_ += word.size();
      out.right = std::move(*other);
      return {};
    }
    auto read = value();
    if (!read)
      return read.error();
    out.value = std::move(*read);
    return {};
  }

  relation operation() {
    skip();
    constexpr std::pair<std::string_view, relation> known[]
      = {{"==", relation::eq}, {"!=", relation::ne}, {"<=", relation::le},
         {">=", relation::ge}, {"<", relation::lt},  {">", relation::gt}};
    for (const auto& [sign, how] : known)
      if (text_.substr(at_).starts_with(sign)) {
        at_ += sign.size();
        return how;
      }
    return relation::present;
  }

  /// A JSON string, number, true, false or null.
  result<json> value() {
    skip();
    auto end = at_;
    if (end < text_.size() && text_[end] == '"') {
      for (++end; end < text_.size() && text_[end] != '"'; ++end)
        if (text_[end] == '\\')
          ++end;
      end = std::min(end + 1, text_.size());
    } else {
      end += peek().size();
    }
    auto read = parse_json(text_.substr(at_, end - at_));
    if (!read || read->is_structured())
      return wrong("expected a number, a \"string\", true, false, null or a "
                   "pointer");
    at_ = end;
    return read;
  }

  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

} // namespace

result<filter> filter::parse(std::string_view text) {
  filter out;
  if (text.find_first_not_of(" \t\r\n") == text.npos)
    return out;
  if (text.size() > 4096)
    return {errc::invalid_argument, "WHERE is longer than 4096 characters"};
  auto root = reader{text}.all();
  if (!root)
    return root.error();
  out.root_ = std::move(*root);
  return out;
}

bool filter::operator()(const json& document) const {
  return !root_ || root_->matches(document);
}

} // namespace faas::builtin
