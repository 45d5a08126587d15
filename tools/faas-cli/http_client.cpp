#include "tools/faas-cli/http_client.hpp"

#include <algorithm>

namespace faas::cli {
namespace {

bool same(std::string_view a, std::string_view b) noexcept {
  const auto lower
    = [](char c) { return c >= 'A' && c <= 'Z' ? char(c + 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

} // namespace

std::string_view http_response::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers)
    if (same(key, name))
      return value;
  return {};
}

result<std::pair<std::string, std::string>>
parse_header(std::string_view line) {
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  constexpr std::string_view token
    = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
      "!#$%&'*+-.^_`|~";
  if (colon == std::string_view::npos || name.empty()
      || name.find_first_not_of(token) != std::string_view::npos
      || line.find_first_of("\r\n") != std::string_view::npos)
    return {errc::invalid_argument,
            "\"" + std::string{line.substr(0, 60)} + "\" is not a header",
            "write -H 'Name: value'"};
  auto value = line.substr(colon + 1);
  const auto first = value.find_first_not_of(" \t");
  value.remove_prefix(first == std::string_view::npos ? value.size() : first);
  return std::pair{std::string{name}, std::string{value}};
}

std::string url_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const unsigned char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'
        || c == '~') {
      out += static_cast<char>(c);
    } else {
      out += '%';
      out += digits[c >> 4];
      out += digits[c & 15];
    }
  }
  return out;
}

} // namespace faas::cli
