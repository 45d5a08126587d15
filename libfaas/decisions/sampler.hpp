// Which events the log keeps.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <algorithm>
#include <cstdint>

namespace faas::decisions {

/// A call's place in [0, 1), uniform also for ids that a client made up: the
/// event is logged where the share is above it. So whatever a place with a
/// small share logs, one with a larger share logs, too.
inline double place_of(const call_id& id) noexcept {
  auto z = id.low ^ (id.high << 32 | id.high >> 32);
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull; // finalizer of splitmix64
  z = (z ^ z >> 27) * 0x94d049bb133111ebull;
  return static_cast<double>((z ^ z >> 31) >> 11) * 0x1.0p-53;
}

/// A share of the events, and never many more than `per_second` of them. The
/// share follows the number of events that came before, never the event
/// itself, so the probability it gives is exact: estimates from the log need
/// that. In a window of 100 ms it logs about per_second / 10 when the load is
/// as in the window before, and grows with the logarithm of the load when it
/// is not. One thread.
class sampler {
public:
  /// share: 0 to 1. per_second <= 0: no bound.
  sampler(double share, double per_second) noexcept
    : share_(std::clamp(share, 0.0, 1.0)),
      budget_(per_second > 0 ? std::max(per_second / 10, 1.0) : 0) {}

  /// The probability with which this event is logged; 0: it is not.
  double draw(const call_id& id, time_point now) noexcept {
    if (share_ <= 0)
      return 0;
    auto share = share_;
    if (budget_ > 0) {
      turn_window(now);
      share = std::min(
        share_, budget_ / std::max({count_ + 1, expected_, budget_}));
      ++count_;
    }
    return place_of(id) < share ? share : 0;
  }

  double configured() const noexcept { return share_; }

private:
  static constexpr auto window = std::chrono::milliseconds{100};

  void turn_window(time_point now) noexcept {
    if (now - since_ < window)
      return;
    expected_ = now - since_ < 2 * window ? count_ : 0;
    count_ = 0;
    since_ = now;
  }

  double share_, budget_;
  double count_ = 0, expected_ = 0;
  time_point since_{};
};

} // namespace faas::decisions
