// A gateway loop that turns when the test says so.
#pragma once

#include "libfaas/ports/event_port.hpp"

#include <atomic>
#include <deque>
#include <map>
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
  bool post_at(time_point when, std::function<void()> task) override {
    const std::lock_guard lock{mutex_};
    if (ended_)
      return false;
    timed_.emplace(when, std::move(task));
    return true;
  }
  bool in_loop() const noexcept override {
    return std::this_thread::get_id() == thread_;
  }
  duration lag() const noexcept override { return duration{lag_.load()}; }
  /// From now on; any thread.
  void set_lag(duration lag) noexcept { lag_ = lag.count(); }

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
  /// What was asked for that time or an earlier one, in order; how many.
  size_t reach(time_point now) {
    size_t n = 0;
    for (;; ++n) {
      std::function<void()> task;
      {
        const std::lock_guard lock{mutex_};
        if (timed_.empty() || timed_.begin()->first > now)
          break;
        task = std::move(timed_.begin()->second);
        timed_.erase(timed_.begin());
      }
      task();
    }
    run();
    return n;
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
    timed_.clear();
  }

private:
  std::thread::id thread_ = std::this_thread::get_id();
  mutable std::mutex mutex_;
  std::deque<std::function<void()>> tasks_;
  std::multimap<time_point, std::function<void()>> timed_;
  bool ended_ = false;
  std::atomic<duration::rep> lag_{0};
};

} // namespace faas::test
