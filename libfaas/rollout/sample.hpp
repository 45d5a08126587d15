// How one event ended, in one number: what nodes send each other as evidence.
#pragma once

#include <algorithm>
#include <cstdint>

namespace faas::rollout {

struct sample {
  bool failed = false;
  double latency_ms = 0;
};

/// Microseconds, at most an hour, and one bit for the failure.
inline uint64_t pack(const sample& seen) noexcept {
  const auto us = std::clamp(seen.latency_ms * 1000, 0.0, 3.6e9);
  return static_cast<uint64_t>(us) << 1 | (seen.failed ? 1 : 0);
}
inline sample unpack(uint64_t packed) noexcept {
  return {(packed & 1) != 0, static_cast<double>(packed >> 1) / 1000};
}

} // namespace faas::rollout
