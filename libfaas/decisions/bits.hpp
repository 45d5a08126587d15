// Flags of the encoding, shared by writer and reader.
#pragma once

#include <cstdint>

namespace faas::decisions::bits {

// Of an entry, 16 bits, low byte first.
inline constexpr uint16_t propensity = 1 << 0; ///< else 1
inline constexpr uint16_t sampled = 1 << 1;    ///< else logged for sure
inline constexpr uint16_t some = 1 << 2;       ///< else all considered
inline constexpr uint16_t deadline = 1 << 3;
inline constexpr uint16_t repeated = 1 << 4; ///< not the first attempt
inline constexpr uint16_t size = 1 << 5;
inline constexpr uint16_t body = 1 << 6;
inline constexpr uint16_t odd_end = 1 << 7; ///< else ok, status 200
inline constexpr uint16_t wide = 1 << 8;    ///< positions take a byte each
inline constexpr uint16_t went_on = 1 << 9;
inline constexpr uint16_t was_cold = 1 << 10;
inline constexpr uint16_t queued = 1 << 11;
inline constexpr uint16_t start = 1 << 12; ///< two bits
inline constexpr uint16_t start_shift = 12;
inline constexpr uint16_t unknown = 0xc000; ///< of later formats

// Of a site, 8 bits.
inline constexpr uint8_t network = 1 << 0;
inline constexpr uint8_t queue = 1 << 1;
inline constexpr uint8_t cold = 1 << 2;
inline constexpr uint8_t overdue = 1 << 3;
inline constexpr uint8_t in_flight = 1 << 4;
inline constexpr uint8_t imposed = 1 << 5;

/// A position of 4 bits that is none.
inline constexpr uint8_t no_position = 15;

} // namespace faas::decisions::bits
