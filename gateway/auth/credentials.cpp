#include "gateway/auth/credentials.hpp"

namespace faas::auth {
namespace {

/// The rest after `scheme` and blanks; nullopt when it is another scheme.
std::optional<std::string_view> after_scheme(std::string_view value,
                                             std::string_view scheme) {
  if (value.size() <= scheme.size() || value[scheme.size()] != ' ')
    return std::nullopt;
  for (size_t i = 0; i < scheme.size(); ++i)
    if ((value[i] | 0x20) != scheme[i])
      return std::nullopt;
  value.remove_prefix(scheme.size());
  while (value.starts_with(' '))
    value.remove_prefix(1);
  return value;
}

int value_of(char c) noexcept {
  if (c >= 'A' && c <= 'Z')
    return c - 'A';
  if (c >= 'a' && c <= 'z')
    return c - 'a' + 26;
  if (c >= '0' && c <= '9')
    return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

} // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0)
    return std::nullopt;
  const auto padding = text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0;
  std::string out;
  out.reserve(text.size() / 4 * 3); // one buffer, should it hold a secret
  for (size_t i = 0; i < text.size(); i += 4) {
    uint32_t word = 0;
    for (size_t k = 0; k < 4; ++k) {
      const auto padded = i + k >= text.size() - static_cast<size_t>(padding);
      const auto value = padded ? 0 : value_of(text[i + k]);
      if (value < 0)
        return std::nullopt;
      word = word << 6 | static_cast<uint32_t>(value);
    }
    out += static_cast<char>(word >> 16);
    out += static_cast<char>(word >> 8);
    out += static_cast<char>(word);
  }
  out.resize(out.size() - static_cast<size_t>(padding));
  return out;
}

std::string presented_token(const header_list& headers) {
  const auto* header = find_header(headers, "authorization");
  if (!header)
    return {};
  if (const auto token = after_scheme(*header, "bearer"))
    return std::string{*token};
  if (const auto coded = after_scheme(*header, "basic"))
    if (const auto pair = decode_base64(*coded);
        pair && pair->starts_with("admin:"))
      return pair->substr(6);
  return {};
}

} // namespace faas::auth
