#include "libfaas/mqtt/topic.hpp"

#include "libfaas/mqtt/limits.hpp"

#include <cstdint>

namespace faas::mqtt {
namespace {

/// Bytes of the UTF-8 sequence at the front, 0 when it is ill-formed (Unicode
/// 15, table 3-7).
size_t sequence_length(std::string_view text) noexcept {
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  const auto trails = [&](size_t count) {
    if (text.size() <= count)
      return false;
    for (size_t i = 1; i <= count; ++i)
      if ((byte(i) & 0xc0) != 0x80)
        return false;
    return true;
  };
  const auto lead = byte(0);
  if (lead < 0x80)
    return lead == 0 ? 0 : 1; // U+0000 is not allowed here
  if (lead >= 0xc2 && lead <= 0xdf)
    return trails(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!trails(2) || (lead == 0xe0 && byte(1) < 0xa0) // overlong
        || (lead == 0xed && byte(1) > 0x9f))           // surrogate
      return 0;
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!trails(3) || (lead == 0xf0 && byte(1) < 0x90) // overlong
        || (lead == 0xf4 && byte(1) > 0x8f))           // above U+10FFFF
      return 0;
    return 4;
  }
  return 0;
}

/// Takes the first level off `rest`; `more` tells whether another follows.
std::string_view take_level(std::string_view& rest, bool& more) noexcept {
  const auto slash = rest.find('/');
  more = slash != std::string_view::npos;
  const auto level = rest.substr(0, slash);
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return level;
}

} // namespace

bool valid_text(std::string_view text) noexcept {
  if (text.size() > limits::text_bytes)
    return false;
  while (!text.empty()) {
    const auto length = sequence_length(text);
    if (length == 0)
      return false;
    text.remove_prefix(length);
  }
  return true;
}

bool valid_topic(std::string_view topic) noexcept {
  return !topic.empty() && valid_text(topic)
         && topic.find_first_of("+#") == std::string_view::npos;
}

bool valid_filter(std::string_view filter) noexcept {
  if (filter.empty() || !valid_text(filter))
    return false;
  for (bool more = true; more;) {
    const auto level = take_level(filter, more);
    if (level.size() > 1 && level.find_first_of("+#") != level.npos)
      return false;
    if (level == "#" && more)
      return false;
  }
  return true;
}

bool matches(std::string_view filter, std::string_view topic) noexcept {
  if (topic.starts_with('$')
      && (filter.starts_with('+') || filter.starts_with('#')))
    return false;
  bool more_filter = true;
  bool more_topic = true;
  while (more_filter && more_topic) {
    const auto wanted = take_level(filter, more_filter);
    if (wanted == "#")
      return true;
    const auto level = take_level(topic, more_topic);
    if (wanted != "+" && wanted != level)
      return false;
  }
  // "sport/#" also takes its parent "sport" (4.7.1.2).
  return more_filter ? filter == "#" : !more_topic;
}

} // namespace faas::mqtt
