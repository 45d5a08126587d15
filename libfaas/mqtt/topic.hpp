// Topic names and topic filters (MQTT 3.1.1, section 4.7), and the UTF-8 rule
// of section 1.5.3 that both obey.
#pragma once

#include <string_view>

namespace faas::mqtt {

/// Well-formed UTF-8 without surrogates [MQTT-1.5.3-1] and without U+0000
/// [MQTT-1.5.3-2]; at most 65,535 bytes.
bool valid_text(std::string_view text) noexcept;

/// Valid text, not empty [MQTT-4.7.3-1], without wildcards [MQTT-3.3.2-2].
bool valid_topic(std::string_view topic) noexcept;

/// Valid text, not empty; `#` only as the whole last level [MQTT-4.7.1-2],
/// `+` only as a whole level [MQTT-4.7.1-3].
bool valid_filter(std::string_view filter) noexcept;

/// Whether a message on `topic` is for `filter`; both must be valid. A filter
/// that begins with a wildcard takes no topic that begins with `$`
/// [MQTT-4.7.2-1]. Comparison is byte by byte [MQTT-4.7.3-4]. Linear, no
/// allocation.
bool matches(std::string_view filter, std::string_view topic) noexcept;

} // namespace faas::mqtt
