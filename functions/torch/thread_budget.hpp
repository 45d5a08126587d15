// How many threads all models of a node may use at once.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <memory>
#include <mutex>
#include <optional>

namespace faas::torch_runtime {

/// Threads that inferences share, so that models that each use several do not
/// work against each other. First come, first served. Thread safe.
class thread_budget : public std::enable_shared_from_this<thread_budget> {
public:
  /// 0: no bound.
  explicit thread_budget(uint32_t threads) noexcept : left_(threads),
                                                      all_(threads) {}

  /// Threads that are taken; given back at its end.
  class share {
  public:
    share(std::shared_ptr<thread_budget> from, uint32_t threads) noexcept
      : from_(std::move(from)), threads_(threads) {}
    share(share&& other) noexcept = default;
    share& operator=(share&&) = delete;
    ~share() {
      if (from_)
        from_->give(threads_);
    }

  private:
    std::shared_ptr<thread_budget> from_;
    uint32_t threads_;
  };

  /// Waits for that many threads, or all there are if it asks for more, at most
  /// until then. `stop` is asked now and then; nothing: it said yes, or time is
  /// up.
  template <class Stop>
  std::optional<share> take(uint32_t threads, time_point until, Stop stop) {
    if (all_ == 0)
      return share{nullptr, 0};
    threads = std::min(threads, all_);
    bool good = false;
    {
      std::unique_lock lock{mutex_};
      const auto mine = line_.insert(line_.end(), 0);
      while (true) {
        good = mine == line_.begin() && left_ >= threads;
        const auto now = std::chrono::steady_clock::now();
        if (good || now >= until || stop())
          break;
        changed_.wait_until(lock, std::min(until, now + ask_every));
      }
      line_.erase(mine);
      if (good)
        left_ -= threads;
    }
    changed_.notify_all(); // the next in line
    if (!good)
      return std::nullopt;
    return share{shared_from_this(), threads};
  }

  uint32_t all() const noexcept { return all_; }

private:
  static constexpr duration ask_every = std::chrono::milliseconds{20};

  void give(uint32_t threads) noexcept {
    {
      const std::lock_guard lock{mutex_};
      left_ += threads;
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  uint32_t left_;
  const uint32_t all_;
  std::list<char> line_; ///< who waits, by position
};

} // namespace faas::torch_runtime
