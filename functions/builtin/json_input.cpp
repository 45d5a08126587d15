#include "functions/builtin/json_input.hpp"

#include "functions/builtin/settings.hpp"

#include <charconv>
#include <utility>

namespace faas::builtin {
namespace {

/// Looks at the text alone, so that nothing is built that is too deep or too
/// much: values are told by their commas and brackets.
result<void> within(std::string_view text, const json_limits& limits) {
  size_t depth = 0, values = 1;
  bool in_text = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_text) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_text = false;
      continue;
    }
    if (c == '"')
      in_text = true;
    else if (c == '[' || c == '{')
      ++depth, ++values;
    else if ((c == ']' || c == '}') && depth > 0)
      --depth;
    else if (c == ',')
      ++values;
    if (depth > limits.depth)
      return {errc::invalid_argument,
              "JSON is nested deeper than " + std::to_string(limits.depth)};
    if (values > limits.values)
      return {errc::too_large, "JSON has more than "
                                 + std::to_string(limits.values) + " values",
              "send fewer at a time"};
  }
  return {};
}

std::string dumped(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<documents> read_lines(std::string_view body) {
  documents out{framing::lines, {}};
  json_limits left;
  for (size_t number = 1; !body.empty(); ++number) {
    const auto end = body.find('\n');
    const auto line = trimmed(body.substr(0, end));
    body = end == body.npos ? std::string_view{} : body.substr(end + 1);
    if (line.empty())
      continue;
    if (out.items.size() == left.values)
      return {errc::too_large, "too many lines", "send fewer at a time"};
    auto one = parse_json(line);
    if (!one)
      return {one.error().code,
              "line " + std::to_string(number) + ": " + one.error().message,
              one.error().next_step};
    out.items.push_back(std::move(*one));
  }
  return out;
}

} // namespace

result<json> parse_json(std::string_view text, const json_limits& limits) {
  if (auto fits = within(text, limits); !fits)
    return fits.error();
  try {
    return json::parse(text);
  } catch (const json::exception& e) {
    // "[json.exception.parse_error.101] parse error at line 1, ..."
    std::string_view what = e.what();
    if (const auto end = what.find("] "); end != what.npos)
      what.remove_prefix(end + 2);
    std::string shown;
    for (const char c : what.substr(0, 200))
      shown += c >= ' ' && c < 127 ? c : '?';
    return {errc::invalid_argument, "not JSON: " + shown};
  }
}

result<pointer> pointer::parse(std::string_view text) {
  pointer out;
  const auto wrong = [&] {
    return error{errc::invalid_argument,
                 "\"" + std::string{text.substr(0, 64)}
                   + "\" is no JSON pointer; write for example /user/name"};
  };
  if (!text.empty() && text[0] != '/')
    return wrong();
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '/') {
      out.steps_.emplace_back();
      continue;
    }
    char c = text[i];
    if (c == '~') {
      if (++i == text.size() || (text[i] != '0' && text[i] != '1'))
        return wrong();
      c = text[i] == '0' ? '~' : '/';
    }
    out.steps_.back() += c;
  }
  if (out.steps_.size() > json_limits{}.depth)
    return wrong();
  return out;
}

const json* pointer::find(const json& document) const noexcept {
  const auto* at = &document;
  for (const auto& step : steps_) {
    if (at->is_object()) {
      const auto found = at->find(step);
      if (found == at->end())
        return nullptr;
      at = &*found;
      continue;
    }
    size_t index = 0;
    const auto* end = step.data() + step.size();
    const auto [read, failed] = std::from_chars(step.data(), end, index);
    const bool plain = failed == std::errc{} && read == end
                       && (step.size() == 1 || step[0] != '0');
    if (!at->is_array() || !plain || index >= at->size())
      return nullptr;
    at = &(*at)[index];
  }
  return at;
}

result<documents> read_documents(std::string_view body,
                                 std::string_view content_type) {
  if (content_type.find("ndjson") != content_type.npos
      || content_type.find("jsonl") != content_type.npos)
    return read_lines(body);
  auto whole = parse_json(body);
  if (!whole)
    return whole.error();
  documents out;
  if (whole->is_array()) {
    out.how = framing::array;
    out.items = std::move(whole->get_ref<json::array_t&>());
  } else {
    out.items.push_back(std::move(*whole));
  }
  return out;
}

std::string write_documents(framing how, const std::vector<json>& items) {
  if (how == framing::one)
    return items.empty() ? "" : dumped(items[0]);
  const bool lines = how == framing::lines;
  std::string out = lines ? "" : "[";
  for (const auto& item : items) {
    if (!lines && out.size() > 1)
      out += ',';
    out += dumped(item);
    if (lines)
      out += '\n';
  }
  return out + (lines ? "" : "]");
}

std::string_view content_type_of(framing how) noexcept {
  return how == framing::lines ? "application/x-ndjson" : "application/json";
}

} // namespace faas::builtin
