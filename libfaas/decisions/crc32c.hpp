// CRC-32C (Castagnoli), the check of RFC 3720, appendix B.4.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace faas::decisions {
namespace detail {

/// tables[0] is the classical table; tables[k] goes k bytes further.
constexpr auto make_crc_tables() {
  std::array<std::array<uint32_t, 256>, 4> tables{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit)
      crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
    tables[0][i] = crc;
  }
  for (size_t k = 1; k < tables.size(); ++k)
    for (uint32_t i = 0; i < 256; ++i)
      tables[k][i] = tables[k - 1][i] >> 8
                     ^ tables[0][tables[k - 1][i] & 255];
  return tables;
}
inline constexpr auto crc_tables = make_crc_tables();

} // namespace detail

/// Four bytes at a time; about 1 ns each byte.
constexpr uint32_t crc32c_by_table(std::string_view bytes) noexcept {
  const auto& t = detail::crc_tables;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  uint32_t crc = ~uint32_t{0};
  size_t i = 0;
  for (; i + 4 <= bytes.size(); i += 4)
    crc = t[3][(crc & 255) ^ at(i)] ^ t[2][(crc >> 8 & 255) ^ at(i + 1)]
          ^ t[1][(crc >> 16 & 255) ^ at(i + 2)] ^ t[0][crc >> 24 ^ at(i + 3)];
  for (; i < bytes.size(); ++i)
    crc = crc >> 8 ^ t[0][(crc & 255) ^ at(i)];
  return ~crc;
}

#if defined(__x86_64__)
/// Eight bytes at a time, on a CPU that has SSE 4.2.
[[gnu::target("sse4.2")]] inline uint32_t
crc32c_by_instruction(std::string_view bytes) noexcept {
  uint64_t crc = ~uint32_t{0};
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    crc = __builtin_ia32_crc32di(crc, word);
  }
  auto last = static_cast<uint32_t>(crc);
  for (const char byte : bytes)
    last = __builtin_ia32_crc32qi(last, static_cast<unsigned char>(byte));
  return ~last;
}

inline uint32_t crc32c(std::string_view bytes) noexcept {
  return __builtin_cpu_supports("sse4.2") ? crc32c_by_instruction(bytes)
                                          : crc32c_by_table(bytes);
}
#else
inline uint32_t crc32c(std::string_view bytes) noexcept {
  return crc32c_by_table(bytes);
}
#endif

} // namespace faas::decisions
