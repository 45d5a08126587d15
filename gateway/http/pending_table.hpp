// Every event that a gateway loop owes an answer.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/event/completion.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace faas::http {

/// Whoever waits for the answer of one event.
class answer_waiter {
public:
  virtual ~answer_waiter() = default;
  /// On the loop, once; possibly while the event is still being submitted.
  virtual void answered(reply&& answer) noexcept = 0;
};

/// The events of one loop that wait for their answer, and their deadlines.
///
/// Thread rules: complete(), wanted(), late() and size_now() on any thread; all
/// else on the thread that made the table. On that thread complete() answers
/// in place; elsewhere the answer goes into an inbox, and `wake` is called once
/// when the inbox becomes non-empty (drain() empties it).
///
/// Deadlines lie in a timer wheel (Varghese and Lauck 1987, scheme 6):
/// insertion and removal cost a few stores, one coarse timer serves all of
/// them, and an event is answered at most one tick late.
class pending_table final : public completion_sink {
public:
  static constexpr duration tick = std::chrono::milliseconds{10};
  static constexpr size_t buckets = 512;

  pending_table(uint32_t capacity, time_point now, std::function<void()> wake);

  /// Token of a new entry; 0 when the table is full or closed.
  uint64_t open(answer_waiter& waiter, time_point deadline);
  /// Nobody waits any more: a later answer is dropped and counted.
  void drop(uint64_t token) noexcept;
  /// Answers what came from other threads.
  void drain();
  /// Answers errc::deadline_exceeded to every entry whose deadline passed.
  void expire(time_point now);
  /// Answers errc::shutting_down to every entry and takes no more. `wake` is
  /// not called after it.
  void close();
  /// Events waiting.
  size_t size() const noexcept { return size_; }
  uint32_t capacity() const noexcept { return capacity_; }

  void complete(uint64_t token, reply&& answer) noexcept override;
  bool wanted(uint64_t token) const noexcept override;
  /// Answers that came after nobody waited any more.
  uint64_t late() const noexcept {
    return late_.load(std::memory_order_relaxed);
  }
  /// size(), for other threads.
  size_t size_now() const noexcept {
    return gauge_.load(std::memory_order_relaxed);
  }

private:
  static constexpr uint32_t none = ~uint32_t{0};
  struct slot {
    std::atomic<uint32_t> generation{0};   ///< odd while in use
    uint32_t next = none, previous = none; ///< in its bucket, or free list
    uint32_t bucket = 0;
    answer_waiter* waiter = nullptr;
    time_point deadline;
  };
  struct letter {
    uint64_t token;
    reply answer;
  };

  slot* find(uint64_t token) const noexcept;
  void deliver(uint64_t token, reply&& answer) noexcept;
  answer_waiter* release(slot& entry) noexcept;
  uint64_t token_of(const slot& entry) const noexcept;
  uint64_t tick_of(time_point when) const noexcept;

  const uint32_t capacity_;
  const time_point start_;
  const std::thread::id owner_ = std::this_thread::get_id();
  std::unique_ptr<slot[]> slots_;
  uint32_t free_ = none;
  uint32_t used_ = 0; ///< slots ever used
  size_t size_ = 0;
  uint64_t last_tick_ = 0; ///< the last one that expire() has looked at
  uint32_t heads_[buckets];
  std::vector<uint64_t> expired_; ///< scratch
  bool closed_ = false;

  std::atomic<uint64_t> late_{0};
  std::atomic<size_t> gauge_{0};
  std::mutex mutex_; ///< inbox_, wake_
  std::vector<letter> inbox_;
  std::vector<letter> reading_; ///< scratch of drain()
  std::function<void()> wake_;
};

} // namespace faas::http
