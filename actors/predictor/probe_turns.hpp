// When this node's own CPU is probed.
#pragma once

#include "libfaas/core/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace faas::actors {

/// A probe is small unasked work: for a small share of the time, and only what
/// did not share the CPU with events counts. Pure; not thread safe.
class probe_turns {
public:
  bool due(time_point now) const noexcept { return now >= next_; }

  /// A probe begins. `work`: events that this node has taken so far.
  void begin(time_point now, uint64_t work) noexcept {
    work_ = work;
    begun_ = now;
    next_ = now + patience; // unless its end sets it
  }

  /// It has ended; `work` as at its begin, empty while events run. False when it
  /// shared the CPU with an event: then it says nothing of the CPU.
  bool end(time_point now, std::optional<uint64_t> work) noexcept {
    next_ = now + rest * (now - begun_);
    return work == work_;
  }

private:
  static constexpr auto patience = std::chrono::seconds{2};
  static constexpr int rest = 20; ///< times as long as it took

  time_point next_{}, begun_{};
  std::optional<uint64_t> work_;
};

} // namespace faas::actors
