#include "gateway/api/worker_pool.hpp"

namespace faas::api {

worker_pool::worker_pool(size_t threads, size_t max_queued)
  : max_queued_(max_queued) {
  for (size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] { work(); });
}

bool worker_pool::run(std::function<void()> task) {
  const auto guard = std::lock_guard{mutex_};
  if (stopped_ || queue_.size() >= max_queued_)
    return false;
  queue_.push_back(std::move(task));
  changed_.notify_one();
  return true;
}

bool worker_pool::run_after(duration delay, std::function<void()> task) {
  const auto guard = std::lock_guard{mutex_};
  if (stopped_ || later_.size() >= max_queued_)
    return false;
  later_.emplace(std::chrono::steady_clock::now() + delay, std::move(task));
  changed_.notify_one();
  return true;
}

void worker_pool::work() {
  auto guard = std::unique_lock{mutex_};
  while (!stopped_) {
    std::function<void()> task;
    if (!queue_.empty()) {
      task = std::move(queue_.front());
      queue_.pop_front();
    } else if (later_.empty()) {
      changed_.wait(guard);
      continue;
    } else if (const auto due = later_.begin()->first;
               due > std::chrono::steady_clock::now()) {
      changed_.wait_until(guard, due);
      continue;
    } else {
      task = std::move(later_.begin()->second);
      later_.erase(later_.begin());
    }
    guard.unlock();
    task();
    task = nullptr; // what it held may be slow to destroy
    guard.lock();
  }
}

void worker_pool::stop() {
  std::deque<std::function<void()>> dropped;
  std::multimap<time_point, std::function<void()>> dropped_later;
  {
    const auto guard = std::lock_guard{mutex_};
    stopped_ = true;
    dropped.swap(queue_);
    dropped_later.swap(later_);
    changed_.notify_all();
  }
  for (auto& thread : threads_)
    if (thread.joinable())
      thread.join();
}

} // namespace faas::api
