#include "actors/link/decision_desk.hpp"

#include <utility>

#include <pthread.h>

namespace faas::actors {

decision_desk::decision_desk(decision_book& book)
  : book_(book),
    thread_([this](const std::stop_token& ending) { serve(ending); }) {
  pthread_setname_np(thread_.native_handle(), "decision-desk");
}

void decision_desk::look_up(const call_id& id, sink done) {
  {
    const std::lock_guard lock{mutex_};
    if (waiting_.size() < most_waiting) {
      waiting_.push_back({id, std::move(done)});
      changed_.notify_one();
      return;
    }
  }
  done({});
}

void decision_desk::end() noexcept {
  thread_.request_stop();
  if (thread_.joinable())
    thread_.join();
}

void decision_desk::serve(const std::stop_token& ending) {
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, ending, [this] { return !waiting_.empty(); })
         && !ending.stop_requested()) {
    const auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    next.done(book_.find(next.id));
    lock.lock();
  }
}

} // namespace faas::actors
