// A gateway loop that turns when the test says so.
#pragma once

#include "libfaas/ports/event_port.hpp"

#include <deque>
#include <mutex>
#include <thread>

namespace faas::test {

/// Posted tasks wait for run(). The thread that made it is the loop's thread.
class fake_loop final : public loop_context {
public:
  bool post(std::function<void()> task) override {
    const std::lock_guard lock{mutex_};
    if (ended_)
      return false;
    tasks_.push_back(std::move(task));
    return true;
  }
  bool in_loop() const noexcept override {
    return std::this_thread::get_id() == thread_;
  }
  duration lag() const noexcept override { return {}; }

  /// One task; false when there is none.
  bool turn() {
    std::function<void()> task;
    {
      const std::lock_guard lock{mutex_};
      if (tasks_.empty())
        return false;
      task = std::move(tasks_.front());
      tasks_.pop_front();
    }
    task();
    return true;
  }
  size_t run() {
    size_t turns = 0;
    while (turn())
      ++turns;
    return turns;
  }
  size_t waiting() const {
    const std::lock_guard lock{mutex_};
    return tasks_.size();
  }
  /// Tasks are destroyed, later ones refused.
  void end() {
    const std::lock_guard lock{mutex_};
    ended_ = true;
    tasks_.clear();
  }

private:
  std::thread::id thread_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  bool ended_ = false;
};

} // namespace faas::test
