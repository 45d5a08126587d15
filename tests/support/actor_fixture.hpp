// Actors in one thread under a fake clock, usable from Boost.Test.
#pragma once

#include "libfaas/core/clock.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <random>
#include <vector>

namespace faas::test {

/// The scheduler's fake time as a clock of ours.
class fake_clock final : public clock_source {
public:
  explicit fake_clock(caf::scheduler::test_coordinator& scheduler)
    : scheduler_(scheduler) {}
  time_point now() const noexcept override {
    return scheduler_.clock().now();
  }
  wall_time wall() const noexcept override {
    return wall_time{std::chrono::duration_cast<wall_time::duration>(
      now().time_since_epoch())};
  }

private:
  caf::scheduler::test_coordinator& scheduler_;
};

/// An actor system in which nothing runs and no time passes unless the test
/// says so. End each test with stop(): a living actor hangs the destructor.
class actor_fixture {
public:
  explicit actor_fixture(unsigned seed = 1)
    : system(config()),
      scheduler(dynamic_cast<caf::scheduler::test_coordinator&>(
        system.scheduler())),
      clock(scheduler),
      random_(seed) {
    scheduler.clock().current_time += std::chrono::hours(1);
  }

  /// Runs all runnable actors, in an order drawn from the seed, until none is
  /// left.
  void settle() {
    while (!scheduler.jobs.empty()) {
      std::shuffle(scheduler.jobs.begin(), scheduler.jobs.end(), random_);
      scheduler.try_run_once();
    }
  }

  /// Lets `d` pass in steps, so that each due timer finds what the one before
  /// it did.
  void advance(caf::timespan d,
               caf::timespan step = std::chrono::milliseconds(10)) {
    while (d.count() > 0) {
      const auto part = std::min(d, step);
      scheduler.advance_time(part);
      settle();
      d -= part;
    }
  }

  /// Ends an actor with its own exit handler.
  template <class Handle>
  void stop(const Handle& actor) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    settle();
  }

private:
  caf::actor_system_config& config() {
    config_.set("scheduler.policy", caf::atom("testing"));
    return config_;
  }
  caf::actor_system_config config_;

public:
  caf::actor_system system;
  caf::scheduler::test_coordinator& scheduler;
  fake_clock clock;

private:
  std::mt19937 random_;
};

} // namespace faas::test
