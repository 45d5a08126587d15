// What may stand in an HTTP header.
#pragma once

#include <algorithm>
#include <string_view>

namespace faas::native {

/// A token of RFC 9110, section 5.6.2.
inline bool is_header_name(std::string_view text) noexcept {
  constexpr std::string_view special = "!#$%&'*+-.^_`|~";
  return !text.empty()
         && std::all_of(text.begin(), text.end(), [&](char c) {
              return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
                     || (c >= 'A' && c <= 'Z')
                     || special.find(c) != std::string_view::npos;
            });
}

/// No control characters: a value must not begin another header line.
inline bool is_header_value(std::string_view text) noexcept {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 32 && c != '\t') || byte == 127;
  });
}

} // namespace faas::native
