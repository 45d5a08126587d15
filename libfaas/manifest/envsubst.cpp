#include "libfaas/manifest/envsubst.hpp"

#include <algorithm>

namespace faas {
namespace {

bool name_char(char c, bool first) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'
         || (!first && c >= '0' && c <= '9');
}

/// Defaults within defaults; nobody needs more.
constexpr int max_depth = 8;

class expander {
public:
  expander(const environment_lookup& environment,
           std::vector<std::string>* warnings)
    : environment_(environment), warnings_(warnings) {}

  result<std::string> run(std::string_view text) {
    text_ = text;
    if (auto done = expand(false, 0, true); !done)
      return done.error();
    return std::move(out_);
  }

private:
  error wrong(std::string what) const {
    const auto line
      = 1
        + std::count(text_.begin(), text_.begin() + std::ptrdiff_t(at_), '\n');
    return {errc::invalid_argument,
            "line " + std::to_string(line) + ": " + std::move(what),
            "write ${NAME}, ${NAME:-default}, or $$ for a dollar sign"};
  }

  result<void> put(std::string_view part, bool wanted) {
    if (!wanted)
      return {};
    if (out_.size() + part.size() > limits::manifest_bytes)
      return wrong("the manifest is too large with its variables filled in");
    out_ += part;
    return {};
  }

  /// Copies up to the end, or up to the closing brace of a default. When not
  /// `wanted`, only skips.
  result<void> expand(bool in_default, int depth, bool wanted) {
    while (at_ < text_.size()) {
      const auto rest = text_.substr(at_);
      if (in_default && rest[0] == '}')
        return {};
      result<void> done;
      if (rest.starts_with("${")) {
        done = variable(depth, wanted);
      } else {
        done = put(rest.substr(0, 1), wanted);
        at_ += rest.starts_with("$$") ? 2 : 1;
      }
      if (!done)
        return done;
    }
    return in_default ? result<void>{wrong("\"${\" without \"}\"")}
                      : result<void>{};
  }

  result<void> variable(int depth, bool wanted) {
    if (depth == max_depth)
      return wrong("variables are nested too deeply");
    auto end = at_ + 2;
    while (end < text_.size() && name_char(text_[end], end == at_ + 2))
      ++end;
    const auto name = text_.substr(at_ + 2, end - at_ - 2);
    if (name.empty())
      return wrong("\"${\" without the name of a variable");
    auto rest = text_.substr(end);
    const bool colon = rest.starts_with(":");
    if (colon)
      rest.remove_prefix(1);
    const bool with_default = rest.starts_with("-") || rest.starts_with("=");
    if (!with_default && (colon || !rest.starts_with("}")))
      return wrong("\"${" + std::string{name} + "\" is not followed by \"}\"");
    at_ = end + (with_default ? (colon ? 2 : 1) : 0);
    const auto value = environment_ ? environment_(name) : std::nullopt;
    const bool use_default
      = with_default && (!value || (colon && value->empty()));
    if (with_default) {
      auto done = expand(true, depth + 1, wanted && use_default);
      if (!done)
        return done;
    }
    ++at_; // the closing brace
    if (use_default)
      return {};
    if (!value && wanted && warnings_)
      warnings_->push_back("variable " + std::string{name}
                           + " is not set: taken as empty");
    return put(value ? std::string_view{*value} : std::string_view{}, wanted);
  }

  const environment_lookup& environment_;
  std::vector<std::string>* warnings_;
  std::string_view text_;
  size_t at_ = 0;
  std::string out_;
};

} // namespace

result<std::string> substitute(std::string_view text,
                               const environment_lookup& environment,
                               std::vector<std::string>* warnings) {
  return expander{environment, warnings}.run(text);
}

} // namespace faas
