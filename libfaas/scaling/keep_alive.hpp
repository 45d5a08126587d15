// How long an idle function stays in memory, and when it comes back.
#pragma once

#include "libfaas/scaling/idle_histogram.hpp"

namespace faas::scaling {

struct keep_settings {
  /// Without better knowledge, and at most.
  duration idle = std::chrono::minutes{15};
  bool learn = true;   ///< false: always `idle`
  bool prewarm = true; ///< false: an event brings it back, nothing else
  /// Idle times that must have been seen first.
  double observations = 10;
  /// More of them beyond the bins, or bins filled more evenly than this: there
  /// is nothing to learn.
  double most_beyond = 0.5;
  double least_concentration = 1;
  double keep_quantile = 0.99, prewarm_quantile = 0.05;
  double margin = 0.1; ///< later than the one, earlier than the other
  /// A prewarm is worth it when this much time in memory is saved.
  duration prewarm_least = std::chrono::seconds{30};
  /// Time in memory after an event when a prewarm is planned.
  duration linger = std::chrono::seconds{5};
};

/// A function is in memory while it has been idle for less than `unload`, and
/// again from `load`, when its load begins, to `unload_again`.
struct keep_plan {
  duration unload{};
  duration load = duration::max(); ///< max: not before the next event
  duration unload_again = duration::max();
  bool learned = false;

  bool in_memory(duration idle_for) const noexcept {
    return idle_for < unload || (idle_for >= load && idle_for < unload_again);
  }
  bool operator==(const keep_plan&) const = default;
};

/// The rule of "Serverless in the Wild" (Shahrad et al., USENIX ATC 2020), with
/// bins of equal ratio in place of minutes and no forecast: from the histogram's
/// 5th percentile to its 99th, never longer than `idle` at a time. Falls back to
/// `idle` when too few idle times were seen, most are beyond the bins, or they
/// are anywhere.
///
/// `load_time`: that a load usually takes; zero: none, or not known. `spare`: by
/// which it may take longer. A load begins earlier by both. The time it usually
/// takes does not count as idle. `spare` does, and counts for half of `idle` at
/// most, so that the function does not leave before the events are due. Where it
/// would begin so early that leaving saves less than `prewarm_least`, the
/// function stays; unless `idle` ends before the events are due: then it leaves
/// and its load begins as early as it may, two times `linger` after the last
/// event.
keep_plan plan_keep(const idle_histogram& seen, const keep_settings& settings,
                    duration load_time = {}, duration spare = {}) noexcept;

} // namespace faas::scaling
