// The threads that an actor system has started, until they have really ended.
#pragma once

#include "libfaas/core/clock.hpp"

#include <caf/thread_hook.hpp>

#include <memory>
#include <mutex>
#include <vector>

#include <sys/types.h>

namespace faas::actors {

/// CAF detaches the threads of detached actors, and an actor_system is gone
/// before they are: what other libraries keep per thread (OpenSSL its errors)
/// is then freed while the process ends, or not at all. Thread safe.
class thread_roll {
public:
  /// Counts the calling thread in.
  void enter();
  /// Threads that have started, ended ones included.
  size_t size() const;
  /// True when all have ended; gives up after `patience`. Blocks.
  bool wait_until_ended(duration patience) const;

private:
  mutable std::mutex mutex_;
  std::vector<pid_t> threads_;
};

/// Enters every thread of an actor system into a roll.
class roll_hook final : public caf::thread_hook {
public:
  explicit roll_hook(std::shared_ptr<thread_roll> roll)
    : roll_(std::move(roll)) {}
  void init(caf::actor_system&) override {}
  void thread_started() override { roll_->enter(); }
  void thread_terminates() override {} // it runs on for a while
private:
  std::shared_ptr<thread_roll> roll_;
};

} // namespace faas::actors
