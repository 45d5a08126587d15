// The threads of a node on which blocking work runs.
#pragma once

#include "functions/host/work.hpp"
#include "libfaas/core/spin_budget.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace faas::host {

enum class admission : uint8_t {
  admitted,
  full,     ///< slots and queue are full
  too_late, ///< its deadline passes before it can be done
  closed    ///< the source or the pool takes no more
};

struct pool_config {
  uint32_t threads = 2;
  std::string name = "exec"; ///< of the threads: name-1, name-2, ...
  /// Lines about the pool itself; any thread.
  std::function<void(std::string)> log;
};

/// A fixed number of threads that serve many sources in turn: one piece of work
/// per source and round, so that no version starves another. A watchdog gives
/// up work past its deadline; a thread that still runs such work is written off
/// and replaced. When it comes back it drops what it holds and ends.
///
/// Thread safe. One lock, held for list operations only.
class executor_pool : public std::enable_shared_from_this<executor_pool> {
public:
  static std::shared_ptr<executor_pool> start(pool_config config);
  ~executor_pool();

  /// The pool keeps the source until it is closed and drained.
  void add(std::shared_ptr<work_source> source);
  /// Queues work, or leaves it with the caller.
  admission submit(work_source& source, const work_ptr& item, time_point now);
  /// From run(): offers what waits in the source to the work that runs
  /// (work::takes), at most 64 pieces. What it takes is given up at its own
  /// deadline like work that runs; the thread is written off once all are late.
  void offer_waiting(work& running);
  /// Gives up everything that waits in the source.
  void refuse_waiting(work_source& source);
  /// Takes no more work for the source; drained() follows.
  void close(work_source& source);
  /// Lets what comes for the source wait, if nothing waits or runs there now.
  /// False: something does, or it is closed.
  bool hold(work_source& source);
  void resume(work_source& source);
  /// Calls `what` under the lock; it must be short and call nothing here.
  template <class F>
  auto locked(F&& what) {
    const lock_type lock{mutex_};
    return what();
  }
  /// Runs a job of the node itself (loading, tearing down), in turn with the
  /// rest. False when the pool has stopped.
  bool run_job(const work_ptr& job);

  /// Gives up what waits, lets what runs end within `grace`, writes off the
  /// rest, and joins the threads. Must be called before the last owner goes.
  void stop(duration grace);

  uint32_t threads() const noexcept { return config_.threads; }
  /// Whether its work waits for the threads; a source with fewer slots than
  /// there are threads waits for its slots.
  bool shares(const work_source& source) const noexcept {
    return source.slots() >= config_.threads;
  }
  /// Pieces of work, waiting or running, of all sources that share the threads.
  uint32_t shared_inside() const noexcept {
    return shared_inside_.load(std::memory_order_relaxed);
  }
  /// Threads written off and not yet back.
  uint32_t lost() const;

private:
  struct worker {
    std::thread thread;
    std::condition_variable wake;
    bool woken = false;
    /// Set by who has work for it while it spins.
    std::atomic<uint32_t> called{0};
    spin_budget spin{several_cores()};
    bool lost = false;
    bool given_up = false; ///< the task, which may still return
    work_ptr task;
    /// What the task took along, and whether it was given up.
    std::vector<std::pair<work_ptr, bool>> along;
    /// When the watchdog has to do with the task next.
    time_point due() const;
    /// When the thread is written off.
    time_point overdue() const;
    work_source* source = nullptr;
    std::shared_ptr<work_source> kept; ///< the source of a lost task
    uint32_t slot = 0;
  };
  using worker_ptr = std::shared_ptr<worker>;
  struct given_up {
    work_ptr task;
    std::shared_ptr<work_source> source;
    bool started;
    bool lost = false; ///< its thread is written off
  };
  using lock_type = std::unique_lock<std::mutex>;

  explicit executor_pool(pool_config config);

  // executor_pool.cpp; all under the lock unless said otherwise
  bool start_worker();
  void serve(worker_ptr self); ///< a thread's life; takes the lock itself
  bool take(const worker_ptr& self, lock_type& lock);
  void release(work_source& source, uint32_t slot);
  /// A piece of the source's work has left the pool.
  void count_out(const work_source& source) noexcept {
    if (shares(source))
      shared_inside_.fetch_sub(1, std::memory_order_relaxed);
  }
  void come_back(worker& self, lock_type& lock);
  /// The source when drained() is due now, else null.
  std::shared_ptr<work_source> retire(work_source& source);
  /// Looks for work for a moment, without the lock. False: sleep.
  bool spin(worker& self, lock_type& lock);
  static bool several_cores() noexcept;
  /// Tells the thread that looks for work; false: none does.
  bool tell_spinner() noexcept;
  /// A sleeping thread that is to be notified; null when none sleeps.
  worker_ptr sleeper();
  void arm(time_point deadline);

  // executor_watchdog.cpp
  void watch(); ///< the watchdog's life; takes the lock itself
  void expire_waiting(work_source& source, time_point now,
                      std::vector<given_up>& out);
  /// What runs past its deadline: gives it up, or writes its thread off.
  void end_late(worker& late, time_point now, std::vector<given_up>& out);
  void write_off(worker& late, std::vector<given_up>& out);
  void take_waiting(work_source& source, std::vector<given_up>& out);
  void hand_back(std::vector<given_up>& items, give_up_reason why,
                 lock_type& lock);
  time_point next_deadline() const;
  bool calls_running() const;
  /// At a stop: gives up what ends by itself then. False: there was nothing.
  bool end_running(lock_type& lock);

  const pool_config config_;
  std::atomic<uint32_t> shared_inside_{0};
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<work_source>> sources_;
  std::shared_ptr<work_source> jobs_;
  /// Sources that have waiting work and a free slot, in turn.
  boost::intrusive::list<work_source,
                         boost::intrusive::constant_time_size<false>>
    ring_;
  std::vector<worker_ptr> workers_;
  std::vector<worker_ptr> sleepers_;
  /// The one thread that looks for work before it sleeps; null: none does.
  worker* spinner_ = nullptr;
  std::thread watchdog_;
  std::condition_variable watchdog_wake_;
  std::condition_variable quiet_; ///< something ended; for stop()
  time_point watch_until_ = time_point::max();
  uint32_t lost_ = 0;
  uint32_t started_ = 0; ///< threads ever, for their names
  bool stopping_ = false;
  bool end_ = false;
};

} // namespace faas::host
