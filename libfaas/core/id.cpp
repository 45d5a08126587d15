#include "libfaas/core/id.hpp"

#include "libfaas/core/random.hpp"

#include <algorithm>
#include <span>

namespace faas {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9')
    return c - '0';
  if (c >= 'a' && c <= 'f')
    return c - 'a' + 10;
  if (c >= 'A' && c <= 'F')
    return c - 'A' + 10;
  return -1;
}

/// Reads exactly 2 * out.size() hex digits.
bool parse_hex(std::string_view text, std::span<uint8_t> out) noexcept {
  if (text.size() != 2 * out.size())
    return false;
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = hex_value(text[2 * i]);
    const int low = hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return false;
    out[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

} // namespace

bool valid_function_name(std::string_view text) noexcept {
  const auto edge = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > 63 || !edge(text.front())
      || !edge(text.back()))
    return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return edge(c) || c == '-'; });
}

call_id call_id::make(random_source& random) noexcept {
  call_id id{random.next(), random.next()};
  id.high = (id.high & ~uint64_t{0xf000}) | 0x4000; // UUID version 4
  id.low = (id.low & ~(uint64_t{3} << 62)) | uint64_t{2} << 62; // RFC 4122
  return id;
}

std::string call_id::to_string() const {
  std::string text(36, '-');
  size_t at = 0;
  for (int nibble = 0; nibble < 32; ++nibble) {
    if (nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20)
      ++at;
    const auto word = nibble < 16 ? high : low;
    text[at++] = hex_digits[word >> (60 - 4 * (nibble % 16)) & 15];
  }
  return text;
}

result<call_id> call_id::parse(std::string_view text) {
  const auto wrong = error{errc::invalid_argument, "call id is not a UUID"};
  if (text.size() != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-'
      || text[23] != '-')
    return wrong;
  call_id id;
  int nibble = 0;
  for (const char c : text) {
    if (c == '-')
      continue;
    const int value = hex_value(c);
    if (value < 0 || nibble == 32)
      return wrong;
    auto& word = nibble++ < 16 ? id.high : id.low;
    word = word << 4 | static_cast<uint64_t>(value);
  }
  return nibble == 32 ? result<call_id>{id} : result<call_id>{wrong};
}

std::string digest::hex() const {
  std::string text;
  text.reserve(64);
  for (const auto byte : bytes) {
    text += hex_digits[byte >> 4];
    text += hex_digits[byte & 15];
  }
  return text;
}

result<digest> digest::parse(std::string_view text) {
  if (text.starts_with("sha256:"))
    text.remove_prefix(7);
  digest value;
  if (!parse_hex(text, value.bytes))
    return error{errc::invalid_argument,
                 "digest is not 64 hex digits of SHA-256"};
  return value;
}

} // namespace faas
