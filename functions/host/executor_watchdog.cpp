// The part of the pool that gives work up: deadlines, refusals, the stop.
#include "functions/host/executor_pool.hpp"

#include <algorithm>

namespace faas::host {

using namespace std::chrono_literals;

namespace {

/// Deadlines are answered at most this late, and the watchdog wakes at most
/// this often.
constexpr auto granularity = 1ms;
/// Time that the node's own jobs get at a stop.
constexpr auto job_grace = 2s;

} // namespace

time_point executor_pool::worker::due() const {
  auto next = given_up ? time_point::max() : task->deadline();
  for (const auto& [item, gone] : along)
    if (!gone)
      next = std::min(next, item->deadline());
  return next == time_point::max() ? overdue() : next;
}

time_point executor_pool::worker::overdue() const {
  auto last = task->overdue();
  for (const auto& [item, gone] : along)
    last = std::max(last, item->overdue());
  return last;
}

void executor_pool::watch() {
  lock_type lock{mutex_};
  std::vector<given_up> late;
  while (!end_) {
    const auto now = std::chrono::steady_clock::now();
    for (const auto& source : sources_)
      if (source->earliest_ <= now)
        expire_waiting(*source, now, late);
    for (size_t i = workers_.size(); i-- > 0;) // write_off removes and adds
      if (const auto& each = *workers_[i];
          each.task && each.due() <= now)
        end_late(*workers_[i], now, late);
    if (!late.empty()) {
      hand_back(late, give_up_reason::deadline, lock);
      continue;
    }
    watch_until_ = next_deadline();
    if (watch_until_ == time_point::max())
      watchdog_wake_.wait(lock);
    else
      watchdog_wake_.wait_until(lock,
                                std::max(watch_until_, now + granularity));
  }
}

time_point executor_pool::next_deadline() const {
  auto next = time_point::max();
  for (const auto& source : sources_)
    next = std::min(next, source->earliest_);
  for (const auto& each : workers_)
    if (each->task)
      next = std::min(next, each->due());
  return next;
}

void executor_pool::expire_waiting(work_source& source, time_point now,
                                   std::vector<given_up>& out) {
  source.earliest_ = time_point::max();
  for (auto at = source.waiting_.begin(); at != source.waiting_.end();) {
    auto& item = *at;
    if (item.deadline() > now) {
      source.earliest_ = std::min(source.earliest_, item.deadline());
      ++at;
      continue;
    }
    at = source.waiting_.erase(at);
    source.waiting_count_.fetch_sub(1, std::memory_order_relaxed);
    count_out(source);
    out.push_back({work_ptr{&item, false}, source.shared_from_this(), false});
  }
  if (source.waiting_.empty() && source.is_linked())
    ring_.erase(ring_.iterator_to(source));
}

void executor_pool::take_waiting(work_source& source,
                                 std::vector<given_up>& out) {
  expire_waiting(source, time_point::max(), out);
}

void executor_pool::end_late(worker& late, time_point now,
                             std::vector<given_up>& out) {
  if (late.overdue() <= now)
    return write_off(late, out);
  const auto source = late.source->shared_from_this();
  if (!late.given_up && late.task->deadline() <= now) {
    late.given_up = true;
    out.push_back({late.task, source, true});
  }
  for (auto& [item, gone] : late.along)
    if (!gone && item->deadline() <= now) {
      gone = true;
      out.push_back({item, source, true});
    }
}

void executor_pool::write_off(worker& late, std::vector<given_up>& out) {
  late.lost = true;
  late.kept = late.source->shared_from_this();
  late.kept->lost_count_.fetch_add(1); // before its slot is free
  out.push_back({late.task, late.kept, true, true});
  for (const auto& [item, gone] : late.along)
    if (!gone)
      out.push_back({item, late.kept, true});
  ++lost_;
  late.thread.detach();
  release(*late.source, late.slot);
  const auto at = std::find_if(workers_.begin(), workers_.end(),
                               [&](const auto& w) { return w.get() == &late; });
  const auto held = *at; // its thread holds it too
  workers_.erase(at);
  if (!start_worker())
    if (const auto other = sleeper())
      other->wake.notify_one();
}

void executor_pool::hand_back(std::vector<given_up>& items, give_up_reason why,
                              lock_type& lock) {
  const auto lost = lost_;
  lock.unlock();
  for (const auto& item : items) {
    if (item.lost) // first: the next event must find the version stopped
      item.source->thread_lost(lost);
    if (item.task)
      item.task->give_up(why, item.started);
  }
  std::vector<std::shared_ptr<work_source>> over;
  lock.lock();
  for (const auto& item : items)
    if (auto source = retire(*item.source))
      over.push_back(std::move(source));
  lock.unlock();
  for (const auto& source : over)
    source->drained();
  over.clear();
  items.clear();
  lock.lock();
  quiet_.notify_all();
}

void executor_pool::refuse_waiting(work_source& source) {
  lock_type lock{mutex_};
  std::vector<given_up> refused;
  take_waiting(source, refused);
  hand_back(refused, give_up_reason::refused, lock);
}

bool executor_pool::calls_running() const {
  return std::any_of(workers_.begin(), workers_.end(), [&](const auto& each) {
    return each->task && each->source != jobs_.get();
  });
}

bool executor_pool::end_running(lock_type& lock) {
  std::vector<given_up> items;
  for (const auto& each : workers_)
    if (each->task && each->task->overdue() > each->task->deadline()) {
      each->given_up = true;
      items.push_back({each->task, each->source->shared_from_this(), true});
    }
  if (items.empty())
    return false;
  hand_back(items, give_up_reason::shutdown, lock);
  return true;
}

void executor_pool::stop(duration grace) {
  lock_type lock{mutex_};
  if (stopping_)
    return;
  stopping_ = true;
  const auto until = std::chrono::steady_clock::now() + grace;
  std::vector<given_up> items;
  for (const auto& source : sources_)
    if (source != jobs_) {
      source->closed_ = true;
      take_waiting(*source, items);
      // those that are idle already are drained by hand_back, too
      items.push_back({nullptr, source, false});
    }
  hand_back(items, give_up_reason::shutdown, lock);
  quiet_.wait_until(lock, until, [&] { return !calls_running(); });
  const auto write_off_all = [&] {
    for (size_t i = workers_.size(); i-- > 0;)
      if (workers_[i]->task)
        write_off(*workers_[i], items);
    hand_back(items, give_up_reason::shutdown, lock);
  };
  if (calls_running() && end_running(lock))
    quiet_.wait_until(lock, std::chrono::steady_clock::now() + job_grace,
                      [&] { return !calls_running(); });
  if (calls_running())
    write_off_all();
  quiet_.wait_until(lock, std::chrono::steady_clock::now() + job_grace, [&] {
    return jobs_->waiting() == 0 && jobs_->running() == 0;
  });
  jobs_->closed_ = true;
  take_waiting(*jobs_, items);
  write_off_all();
  end_ = true;
  tell_spinner();
  while (const auto each = sleeper())
    each->wake.notify_one();
  watchdog_wake_.notify_all();
  const auto left = lost_;
  auto joined = workers_;
  lock.unlock();
  for (const auto& each : joined)
    each->thread.join();
  watchdog_.join();
  if (left > 0 && config_.log)
    config_.log(std::to_string(left)
                + " executor threads are still inside functions past their "
                  "deadline; they are left behind");
}

} // namespace faas::host
