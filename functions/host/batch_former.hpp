// Which waiting events join one call of a model, and how long it waits for them.
// Pure: no threads, no clock.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>
#include <functional>

namespace faas::host {

/// What one event brings.
struct batch_entry {
  uint32_t items = 0;  ///< 0: cannot be joined with others
  uint64_t bucket = 0; ///< only equal ones go together
  time_point deadline;
};

/// How a function's events are joined.
struct batch_rules {
  uint32_t most = 0; ///< items in one batch; 0 or 1: no batches
  duration window{}; ///< how long the first waits for more
  /// Expected time of a batch of that many items; zero: not known.
  std::function<duration(uint32_t items)> time = {};
};

/// One batch while it is put together. It is closed early rather than let one of
/// its events miss its deadline, and an event does not join when the larger
/// batch would take too long for itself or for one that is in already.
class batch_former {
public:
  /// A batch of one event, which may be larger than `most` or not joinable.
  batch_former(const batch_rules& rules, const batch_entry& first,
               time_point now);

  bool admits(const batch_entry& next, time_point now) const;
  /// Adds what was admitted.
  void add(const batch_entry& next);

  /// No event of any size can join.
  bool full() const noexcept;
  /// When to run it at the latest; never later than `now` of the constructor
  /// without a window, or once it is full.
  time_point closes() const;

  uint32_t items() const noexcept { return items_; }

private:
  /// With a quarter on top: the expectation is no promise.
  duration time_of(uint32_t items) const;

  const batch_rules& rules_;
  const time_point opened_;
  const uint64_t bucket_;
  const bool alone_;
  uint32_t items_;
  time_point earliest_; ///< deadline
};

} // namespace faas::host
