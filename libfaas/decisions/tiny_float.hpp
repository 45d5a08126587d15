// Numbers >= 0 in 16 bits: 6 bits of exponent, 10 of mantissa.
#pragma once

#include <bit>
#include <cstdint>

namespace faas::decisions {

/// 0, or 1.2e-7 to 5.5e11 within 0.05 %; integers up to 2048 exactly. Smaller,
/// negative and no numbers become 0, larger ones the largest.
constexpr uint16_t to_tiny(float value) noexcept {
  constexpr uint32_t lowest = (127 - 24) << 10; // code 0, below code 1024
  if (!(value > 0))
    return 0;
  const auto bits = (std::bit_cast<uint32_t>(value) + 0x1000) >> 13;
  if (bits < lowest + 1024)
    return 0;
  const auto code = bits - lowest;
  return code > 0xffff ? uint16_t{0xffff} : static_cast<uint16_t>(code);
}

constexpr float from_tiny(uint16_t code) noexcept {
  if (code < 1024)
    return 0;
  return std::bit_cast<float>((uint32_t{code} + ((127 - 24) << 10)) << 13);
}

} // namespace faas::decisions
