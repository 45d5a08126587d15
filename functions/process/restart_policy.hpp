// When a program that ended is started again.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/error.hpp"

#include <cstdint>
#include <string>

namespace faas::process {

struct restart_rules {
  duration first = std::chrono::milliseconds{100}; ///< pause after one crash
  duration longest = std::chrono::seconds{30};     ///< doubled up to here
  /// A program that ended sooner after its start crashed fast.
  duration fast = std::chrono::seconds{10};
  uint32_t loop_after = 5; ///< fast crashes in a row that make a crash loop
  /// Events in a row that the program let pass their deadline, none answered
  /// between: it hangs and is restarted.
  uint32_t hang_after = 3;
};

/// Back-off, crash loop and hang of one program. A program that runs for
/// `fast` is forgiven its crashes. Pure; one thread.
class restart_policy {
public:
  explicit restart_policy(const restart_rules& rules) : rules_(rules) {}

  /// It ended: when it is started again.
  time_point ended(time_point started, time_point now) noexcept;
  /// In a crash loop it is tried at the longest pause only, and events are
  /// refused meanwhile.
  bool looping() const noexcept { return fast_ >= rules_.loop_after; }
  uint32_t restarts() const noexcept { return restarts_; }
  uint32_t fast_crashes() const noexcept { return fast_; }

  /// An event was answered, or not before its deadline. True: it hangs.
  void answered() noexcept { missed_ = 0; }
  bool missed() noexcept { return ++missed_ >= rules_.hang_after; }

private:
  restart_rules rules_;
  uint32_t restarts_ = 0, fast_ = 0, missed_ = 0;
};

/// Why a program that ended takes no event now; `last` says how it ended.
error why_held_back(const restart_policy& policy, const std::string& name,
                    const std::string& last);

} // namespace faas::process
