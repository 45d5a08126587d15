// Randomness as a parameter.
#pragma once

#include <cmath>
#include <cstdint>
#include <numbers>

namespace faas {

/// A seeded generator (xoshiro256**, Blackman and Vigna 2018): same seed, same
/// sequence on every machine. Not for secrets. Not thread safe.
class random_source {
public:
  using result_type = uint64_t;

  explicit random_source(uint64_t seed) noexcept {
    for (auto& word : state_) { // splitmix64, as its authors advise
      seed += 0x9e3779b97f4a7c15ull;
      auto z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
      word = z ^ (z >> 31);
    }
  }

  uint64_t next() noexcept {
    const auto result = rotl(state_[1] * 5, 7) * 9;
    const auto t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = rotl(state_[3], 45);
    return result;
  }

  /// Uniform in [0, 1).
  double uniform() noexcept {
    return static_cast<double>(next() >> 11) * 0x1.0p-53;
  }

  /// Uniform in [0, bound); bound > 0. Bias below 2^-32 for bound < 2^32.
  uint64_t below(uint64_t bound) noexcept {
    __extension__ using wide = unsigned __int128;
    return static_cast<uint64_t>(static_cast<wide>(next()) * bound >> 64);
  }

  /// Standard normal (Box-Muller).
  double normal() noexcept {
    const auto u = 1.0 - uniform();
    return std::sqrt(-2.0 * std::log(u))
           * std::cos(2.0 * std::numbers::pi * uniform());
  }

  // UniformRandomBitGenerator
  static constexpr uint64_t min() noexcept { return 0; }
  static constexpr uint64_t max() noexcept { return ~uint64_t{0}; }
  uint64_t operator()() noexcept { return next(); }

private:
  static uint64_t rotl(uint64_t x, int k) noexcept {
    return x << k | x >> (64 - k);
  }
  uint64_t state_[4];
};

} // namespace faas
