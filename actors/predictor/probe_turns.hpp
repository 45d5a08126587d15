// When this node's own CPU is probed.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

namespace faas::actors {

/// A probe is small unasked work: the way back for a site that was slow and
/// gets no events any more. Only while events come that could go there, none
/// has told of the site lately, and for a small share of the time. Not thread
/// safe.
class probe_turns {
public:
  /// An event was seen; `here`: at this node's site.
  void event(time_point at, bool here) noexcept {
    last_event_ = std::max(last_event_, at);
    if (here)
      last_here_ = std::max(last_here_, at);
  }

  bool due(time_point now) const noexcept {
    return now >= next_ && now - last_event_ <= interest
           && now - last_here_ >= silence;
  }

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
  static constexpr auto silence = std::chrono::milliseconds{500};
  static constexpr auto interest = std::chrono::seconds{30};
  static constexpr auto patience = std::chrono::seconds{2};
  static constexpr int rest = 20; ///< times as long as it took

  time_point last_event_{}, last_here_{}, next_{}, begun_{};
  std::optional<uint64_t> work_;
};

} // namespace faas::actors
