// Looking for a while before sleeping.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <atomic>

namespace faas {

/// How long a thread looks for the next work before it sleeps, since waking it
/// costs more than a short look. Adapts: a look that finds nothing makes the next
/// one shorter. Pure.
class spin_budget {
public:
  static constexpr auto most = std::chrono::microseconds{8};
  static constexpr auto least = std::chrono::nanoseconds{500};
  explicit spin_budget(bool allowed) noexcept
    : now_(allowed ? duration{most} : duration{}) {}
  duration value() const noexcept { return now_; }
  void found(bool in_time) noexcept {
    if (now_ > duration{})
      now_ = in_time ? std::min<duration>(now_ * 2, most)
                     : std::max<duration>(now_ - now_ / 8, least);
  }

private:
  duration now_;
};

/// Tells the core that this thread spins.
inline void spin_pause() noexcept {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

/// Looks for another value than `value` for as long as the budget says; the
/// last value seen.
inline uint32_t spin_while(const std::atomic<uint32_t>& word, uint32_t value,
                           spin_budget& budget) noexcept {
  auto seen = word.load(std::memory_order_acquire);
  if (seen != value || budget.value() == duration{})
    return seen;
  const auto end = std::chrono::steady_clock::now() + budget.value();
  do {
    for (int i = 0; i < 16 && seen == value; ++i) {
      spin_pause();
      seen = word.load(std::memory_order_acquire);
    }
  } while (seen == value && std::chrono::steady_clock::now() < end);
  budget.found(seen != value);
  return seen;
}

} // namespace faas
