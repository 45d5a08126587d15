// Tasks from any thread to one loop.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

namespace faas::http {

/// Any thread posts, the loop runs. Outlives the loop through shared_ptr, so
/// that a late poster finds it closed instead of finding nothing.
class task_queue {
public:
  /// `wake` is called once when the queue becomes non-empty; not after close().
  explicit task_queue(std::function<void()> wake) : wake_(std::move(wake)) {}

  /// False when closed; the task is destroyed then.
  bool post(std::function<void()> task) {
    const auto guard = std::lock_guard{mutex_};
    if (!wake_)
      return false;
    tasks_.push_back(std::move(task));
    if (tasks_.size() == 1)
      wake_();
    return true;
  }

  /// Runs what is queued now; what the tasks post comes in the next run.
  /// Returns the number of tasks run. Loop only, not from within a task.
  size_t run() {
    {
      const auto guard = std::lock_guard{mutex_};
      std::swap(tasks_, running_);
    }
    for (auto& task : running_)
      task();
    const auto count = running_.size();
    running_.clear();
    return count;
  }

  void close() {
    auto dropped = std::vector<std::function<void()>>{};
    const auto guard = std::lock_guard{mutex_};
    wake_ = nullptr;
    std::swap(tasks_, dropped);
  }

private:
  std::mutex mutex_;
  std::vector<std::function<void()>> tasks_;
  std::vector<std::function<void()>> running_;
  std::function<void()> wake_;
};

} // namespace faas::http
