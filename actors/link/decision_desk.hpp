// Looks decisions up for other nodes.
#pragma once

#include "libfaas/ports/decision_book.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace faas::actors {

/// One look at a time, on a thread of its own, since it may read files. Thread
/// safe.
class decision_desk {
public:
  using sink = std::function<void(std::vector<decisions::record>)>;
  static constexpr size_t most_waiting = 16;

  explicit decision_desk(decision_book& book);

  /// `done` comes from that thread; at once and with nothing when too many
  /// wait, and not at all when the desk ends before.
  void look_up(const call_id& id, sink done);
  /// Waits for the look under way; nothing is answered any more.
  void end() noexcept;

private:
  struct question {
    call_id id;
    sink done;
  };
  void serve(const std::stop_token& ending);

  decision_book& book_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<question> waiting_;
  std::jthread thread_; ///< last: it ends before the rest
};

} // namespace faas::actors
