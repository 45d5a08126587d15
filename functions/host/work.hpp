// Units of work for executors, and the queues that they wait in.
#pragma once

#include "libfaas/core/clock.hpp"

#include <boost/intrusive/list.hpp>
#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace faas::host {

/// Why work is given up.
enum class give_up_reason : uint8_t {
  deadline, ///< its deadline passed, waiting or running
  shutdown, ///< the pool stops
  refused   ///< its source takes no more; the source knows why
};

/// One piece of work. Waits in a source, then runs once on an executor; or is
/// given up, before it began or while it still runs.
class work : public boost::intrusive_ref_counter<work>,
             public boost::intrusive::list_base_hook<> {
public:
  explicit work(time_point deadline) noexcept : deadline_(deadline) {}
  virtual ~work() = default;
  work(const work&) = delete;
  work& operator=(const work&) = delete;

  /// Before run(), under the pool's lock: take what belongs to the slot. Must
  /// be short.
  virtual void begin(uint32_t slot) noexcept {}
  /// On an executor; may block. The slot is this work's own until finished().
  virtual void run(uint32_t slot) noexcept = 0;
  /// After run(), under the pool's lock: give back what belongs to the slot.
  /// Not called when the thread was written off meanwhile. Must be short.
  virtual void finished(uint32_t slot) noexcept {}
  /// Answer whoever waits. Without the lock, any thread; `started`: run() has
  /// begun and may still go on at the same time.
  virtual void give_up(give_up_reason why, bool started) noexcept = 0;

  /// While this runs, under the pool's lock: true when it takes work that waits
  /// in the same source along, and answers it. Must be short.
  virtual bool takes(work& waiting) noexcept { return false; }

  time_point deadline() const noexcept { return deadline_; }
  /// When the thread that still runs it is written off. Later than the deadline
  /// for work that ends by itself soon after: it is given up at its deadline and
  /// keeps its thread and slot until it returns.
  virtual time_point overdue() const noexcept { return deadline_; }

private:
  const time_point deadline_;
};

using work_ptr = boost::intrusive_ptr<work>;

/// The smallest service time seen lately: what an event needs at least. Forgets
/// within two windows, so that a slow phase does not stay.
class service_floor {
public:
  void add(duration service) noexcept;
  /// Zero before the first window is full.
  duration value() const noexcept;

private:
  static constexpr uint32_t window = 32;
  duration last_{};
  duration now_ = duration::max();
  uint32_t count_ = 0;
};

/// A bounded queue of work with a number of slots: one function version, or the
/// pool's own jobs. The pool's lock guards what is not atomic.
class work_source : public std::enable_shared_from_this<work_source>,
                    public boost::intrusive::list_base_hook<> {
public:
  work_source(uint32_t slots, uint32_t queue);
  virtual ~work_source() = default;
  work_source(const work_source&) = delete;
  work_source& operator=(const work_source&) = delete;

  uint32_t slots() const noexcept { return slots_; }
  uint32_t waiting() const noexcept {
    return waiting_count_.load(std::memory_order_relaxed);
  }
  uint32_t running() const noexcept {
    return running_count_.load(std::memory_order_relaxed);
  }
  /// Threads written off inside work of this source that are not back yet.
  uint32_t lost() const noexcept { return lost_count_.load(); }

protected:
  /// Called by finished(), under the pool's lock.
  void served(duration service) noexcept { floor_.add(service); }
  /// Under the pool's lock; the last is taken first.
  const std::vector<uint32_t>& free_slots() const noexcept {
    return free_slots_;
  }

private:
  friend class executor_pool;

  /// A thread was written off while it ran work of this source; `lost`: threads
  /// that the node misses now. Without the lock.
  virtual void thread_lost(uint32_t lost) noexcept {}
  /// A thread written off before came back and has ended. Without the lock.
  virtual void thread_back() noexcept {}
  /// Closed, and nothing waits or runs any more. Once, without the lock.
  virtual void drained() noexcept {}

  bool runnable() const noexcept {
    return !held_ && !waiting_.empty() && !free_slots_.empty();
  }
  bool full() const noexcept;
  /// Time that must pass before an event that joins now can be done.
  duration needed() const noexcept;

  const uint32_t slots_;
  const uint32_t queue_;
  std::atomic<uint32_t> waiting_count_{0};
  std::atomic<uint32_t> running_count_{0};
  std::atomic<uint32_t> lost_count_{0};
  boost::intrusive::list<work, boost::intrusive::constant_time_size<false>>
    waiting_;
  std::vector<uint32_t> free_slots_;
  /// No waiting work has an earlier deadline; may be too early.
  time_point earliest_ = time_point::max();
  service_floor floor_;
  bool closed_ = false;
  bool held_ = false;    ///< what waits does not run
  bool retired_ = false; ///< drained() was called or is about to be
};

} // namespace faas::host
