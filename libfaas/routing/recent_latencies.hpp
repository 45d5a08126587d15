// What events took lately at a site, by how many they found there.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace faas::routing {

/// The answer of a Prequal server to a probe (Wydrowski et al., NSDI 2024,
/// section 4): the median of what those of the last events took that found about
/// as many as there are now. Any thread, without lock: a reader may miss what is
/// just being written.
class recent_latencies {
public:
  /// An event has ended that took so long and found so many.
  void add(double found, double ms) noexcept {
    const auto at = ended_.fetch_add(1, std::memory_order_relaxed) % kept;
    last_[at].store(pack(found, ms), std::memory_order_relaxed);
  }

  /// Median of the eight that found numbers nearest to `now`, ms; 0: nothing
  /// has ended yet.
  double lately_ms(double now) const noexcept {
    struct one {
      float found, ms;
    };
    std::array<one, kept> all;
    size_t count = 0;
    for (const auto& slot : last_)
      if (const auto bits = slot.load(std::memory_order_relaxed); bits != 0)
        all[count++]
          = {std::bit_cast<float>(static_cast<uint32_t>(bits >> 32)),
             std::bit_cast<float>(static_cast<uint32_t>(bits))};
    if (count == 0)
      return 0;
    const auto near = std::min<size_t>(8, count);
    const auto to = static_cast<float>(now);
    std::partial_sort(all.begin(), all.begin() + near, all.begin() + count,
                      [&](const one& a, const one& b) {
                        return std::abs(a.found - to) < std::abs(b.found - to);
                      });
    const auto middle = all.begin() + near / 2;
    std::nth_element(all.begin(), middle, all.begin() + near,
                     [](const one& a, const one& b) { return a.ms < b.ms; });
    return static_cast<double>(middle->ms);
  }

private:
  static constexpr size_t kept = 64;

  static uint64_t pack(double found, double ms) noexcept {
    return uint64_t{std::bit_cast<uint32_t>(static_cast<float>(found))} << 32
           | std::bit_cast<uint32_t>(static_cast<float>(ms));
  }

  std::atomic<uint64_t> ended_{0};
  std::array<std::atomic<uint64_t>, kept> last_{};
};

} // namespace faas::routing
