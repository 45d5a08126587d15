// Threads for what may block.
#pragma once

#include "libfaas/core/clock.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace faas::api {

/// A few threads behind a bounded queue, and tasks for later. Any thread.
/// stop() drops what is queued, waits for what runs.
class worker_pool {
public:
  worker_pool(size_t threads, size_t max_queued);
  ~worker_pool() { stop(); }

  /// False when the queue is full or the pool has stopped; the task is
  /// destroyed then.
  bool run(std::function<void()> task);
  /// Runs it after that time. Same bound, same false.
  bool run_after(duration delay, std::function<void()> task);
  /// Not from one of its own threads.
  void stop();

private:
  void work();

  const size_t max_queued_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  std::multimap<time_point, std::function<void()>> later_;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

} // namespace faas::api
