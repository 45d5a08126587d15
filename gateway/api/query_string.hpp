// The part of a target after '?'.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace faas::api {

/// "%41" and "+" decoded; nullopt when a percent sign is not followed by two
/// hex digits.
std::optional<std::string> percent_decode(std::string_view text,
                                          bool plus_is_space);

/// Decoded value of the first `key=value`; empty when there is none or it is
/// malformed.
std::string query_value(std::string_view query, std::string_view key);

} // namespace faas::api
