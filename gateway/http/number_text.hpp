// Numbers and ids as text, without allocation.
#pragma once

#include "gateway/http/byte_buffer.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <algorithm>
#include <charconv>

namespace faas::http {

inline void append_number(byte_buffer& out, uint64_t value) {
  auto* begin = out.prepare(20);
  out.commit(
    static_cast<size_t>(std::to_chars(begin, begin + 20, value).ptr - begin));
}

/// `value` / 10^places with exactly that many digits behind the point.
inline void append_fixed(byte_buffer& out, uint64_t value, int places) {
  uint64_t scale = 1;
  for (int i = 0; i < places; ++i)
    scale *= 10;
  append_number(out, value / scale);
  auto rest = value % scale;
  auto* at = out.prepare(static_cast<size_t>(places) + 1);
  at[0] = '.';
  for (int i = places; i > 0; --i, rest /= 10)
    at[i] = static_cast<char>('0' + rest % 10);
  out.commit(static_cast<size_t>(places) + 1);
}

/// Seconds with six digits, as C's %f; negative counts as zero.
inline void append_seconds(byte_buffer& out, duration d) {
  append_fixed(
    out, static_cast<uint64_t>(std::max<int64_t>(d.count(), 0)) / 1000, 6);
}

/// Milliseconds with three digits.
inline void append_ms(byte_buffer& out, duration d) {
  append_fixed(
    out, static_cast<uint64_t>(std::max<int64_t>(d.count(), 0)) / 1000, 3);
}

inline void append_hex(byte_buffer& out, uint64_t value, int digits) {
  constexpr char hex[] = "0123456789abcdef";
  auto* at = out.prepare(static_cast<size_t>(digits));
  for (int i = 0; i < digits; ++i)
    at[i] = hex[value >> (4 * (digits - 1 - i)) & 15];
  out.commit(static_cast<size_t>(digits));
}

/// As call_id::to_string().
inline void append_id(byte_buffer& out, const call_id& id) {
  append_hex(out, id.high >> 32, 8);
  out.append("-");
  append_hex(out, id.high >> 16, 4);
  out.append("-");
  append_hex(out, id.high, 4);
  out.append("-");
  append_hex(out, id.low >> 48, 4);
  out.append("-");
  append_hex(out, id.low, 12);
}

} // namespace faas::http
