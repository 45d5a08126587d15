// How many threads one version may lose before it is stopped.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>
#include <vector>

namespace faas::host {

/// Counts threads lost to calls past their deadline. A thread that came back is
/// forgiven after a while, so that rare slow calls do not add up for ever. Not
/// thread safe.
class fault_budget {
public:
  fault_budget(uint32_t limit, duration forgive_after) noexcept
    : limit_(limit), forgive_after_(forgive_after) {}

  void lost() noexcept { ++out_; }
  void came_back(time_point now);
  /// Threads that count against the version.
  uint32_t charged(time_point now);
  bool exhausted(time_point now) { return charged(now) >= limit_; }

private:
  uint32_t limit_;
  duration forgive_after_;
  uint32_t out_ = 0;
  std::vector<time_point> back_; ///< when they came back; at most the limit
};

} // namespace faas::host
