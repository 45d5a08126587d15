#include "functions/host/executor_pool.hpp"

#include <pthread.h>

#include <algorithm>
#include <system_error>

namespace faas::host {
namespace {

/// Loads and tear-downs that may wait; each belongs to one open version.
constexpr uint32_t waiting_jobs = 4096;
/// Waiting work looked at for one batch.
constexpr int most_offered = 64;

} // namespace

executor_pool::executor_pool(pool_config config)
  : config_(std::move(config)),
    jobs_(std::make_shared<work_source>(config_.threads, waiting_jobs)) {
  sources_.push_back(jobs_);
}

executor_pool::~executor_pool() = default;

std::shared_ptr<executor_pool> executor_pool::start(pool_config config) {
  config.threads = std::max(config.threads, 1u);
  std::shared_ptr<executor_pool> pool{new executor_pool{std::move(config)}};
  const lock_type lock{pool->mutex_};
  pool->watchdog_ = std::thread{[pool] { pool->watch(); }};
  pthread_setname_np(pool->watchdog_.native_handle(), "exec-watch");
  for (uint32_t i = 0; i < pool->config_.threads; ++i)
    pool->start_worker();
  return pool;
}

bool executor_pool::start_worker() {
  auto fresh = std::make_shared<worker>();
  try {
    fresh->thread
      = std::thread{[pool = shared_from_this(), fresh] { pool->serve(fresh); }};
  } catch (const std::system_error& e) {
    if (config_.log)
      config_.log(std::string{"cannot start an executor thread: "} + e.what());
    return false;
  }
  const auto name = config_.name + "-" + std::to_string(++started_);
  pthread_setname_np(fresh->thread.native_handle(), name.substr(0, 15).c_str());
  workers_.push_back(std::move(fresh));
  return true;
}

void executor_pool::add(std::shared_ptr<work_source> source) {
  const lock_type lock{mutex_};
  source->closed_ = stopping_;
  if (!stopping_)
    sources_.push_back(std::move(source));
}

admission executor_pool::submit(work_source& source, const work_ptr& item,
                                time_point now) {
  worker_ptr woken;
  {
    const lock_type lock{mutex_};
    if (source.closed_)
      return admission::closed;
    if (source.full())
      return admission::full;
    if (item->deadline() <= now + source.needed())
      return admission::too_late;
    intrusive_ptr_add_ref(item.get()); // the list's share
    source.waiting_.push_back(*item);
    source.waiting_count_.fetch_add(1, std::memory_order_relaxed);
    if (shares(source))
      shared_inside_.fetch_add(1, std::memory_order_relaxed);
    source.earliest_ = std::min(source.earliest_, item->deadline());
    arm(item->deadline());
    if (source.runnable()) {
      if (!source.is_linked())
        ring_.push_back(source);
      if (!tell_spinner())
        woken = sleeper();
    }
  }
  if (woken) // after the lock, which the woken thread needs
    woken->wake.notify_one();
  return admission::admitted;
}

bool executor_pool::run_job(const work_ptr& job) {
  return submit(*jobs_, job, std::chrono::steady_clock::now())
         == admission::admitted;
}

bool executor_pool::several_cores() noexcept {
  return std::thread::hardware_concurrency() > 1;
}

/// One at a time: further ones would only take cores from those that work.
bool executor_pool::spin(worker& self, lock_type& lock) {
  if (spinner_ != nullptr || self.spin.value() == duration{})
    return false;
  spinner_ = &self;
  self.called.store(0, std::memory_order_relaxed);
  lock.unlock();
  spin_while(self.called, 0, self.spin);
  lock.lock();
  if (spinner_ == &self)
    spinner_ = nullptr;
  return !ring_.empty() || end_;
}

bool executor_pool::tell_spinner() noexcept {
  auto* looks = std::exchange(spinner_, nullptr);
  if (looks == nullptr)
    return false;
  looks->called.store(1, std::memory_order_release);
  return true;
}

executor_pool::worker_ptr executor_pool::sleeper() {
  if (sleepers_.empty())
    return nullptr;
  auto last = std::move(sleepers_.back()); // its memory is the warmest
  sleepers_.pop_back();
  last->woken = true;
  return last;
}

void executor_pool::arm(time_point deadline) {
  if (deadline >= watch_until_)
    return;
  watch_until_ = deadline;
  watchdog_wake_.notify_one();
}

void executor_pool::serve(worker_ptr self) {
  work_ptr done;
  std::vector<std::pair<work_ptr, bool>> along;
  lock_type lock{mutex_};
  while (true) {
    if (done && ring_.empty()) { // free it before sleeping, without the lock
      lock.unlock();
      done.reset();
      along.clear();
      lock.lock();
    }
    if (!take(self, lock))
      return;
    lock.unlock();
    done.reset();
    along.clear();
    self->task->run(self->slot);
    lock.lock();
    if (self->lost)
      return come_back(*self, lock);
    done = std::move(self->task);
    along.swap(self->along);
    done->finished(self->slot);
    release(*self->source, self->slot);
    if (auto source = retire(*self->source)) {
      lock.unlock();
      source->drained();
      source.reset();
      lock.lock();
    }
    if (stopping_)
      quiet_.notify_all();
  }
}

bool executor_pool::take(const worker_ptr& self, lock_type& lock) {
  while (ring_.empty()) {
    if (end_)
      return false;
    if (spin(*self, lock))
      continue;
    self->woken = false;
    sleepers_.push_back(self);
    self->wake.wait(lock, [&] { return self->woken; });
  }
  auto& source = ring_.front();
  ring_.pop_front();
  auto& item = source.waiting_.front();
  source.waiting_.pop_front();
  self->task = work_ptr{&item, false}; // the list's share
  self->given_up = false;
  self->source = &source;
  self->slot = source.free_slots_.back();
  source.free_slots_.pop_back();
  self->task->begin(self->slot);
  source.waiting_count_.fetch_sub(1, std::memory_order_relaxed);
  source.running_count_.fetch_add(1, std::memory_order_relaxed);
  if (source.runnable())
    ring_.push_back(source);
  return true;
}

void executor_pool::offer_waiting(work& running) {
  const lock_type lock{mutex_};
  const auto at
    = std::find_if(workers_.begin(), workers_.end(),
                   [&](const auto& w) { return w->task.get() == &running; });
  if (at == workers_.end()) // written off meanwhile
    return;
  auto& source = *(*at)->source;
  int offered = 0;
  for (auto each = source.waiting_.begin();
       each != source.waiting_.end() && offered < most_offered; ++offered) {
    auto& item = *each;
    if (!running.takes(item)) {
      ++each;
      continue;
    }
    each = source.waiting_.erase(each);
    source.waiting_count_.fetch_sub(1, std::memory_order_relaxed);
    count_out(source);
    (*at)->along.emplace_back(work_ptr{&item, false}, false);
  }
  if (source.waiting_.empty() && source.is_linked())
    ring_.erase(ring_.iterator_to(source));
}

void executor_pool::release(work_source& source, uint32_t slot) {
  source.free_slots_.push_back(slot);
  source.running_count_.fetch_sub(1, std::memory_order_relaxed);
  count_out(source);
  if (source.runnable() && !source.is_linked())
    ring_.push_back(source);
}

void executor_pool::come_back(worker& self, lock_type& lock) {
  lock.unlock();
  self.task.reset(); // with the instance that it still holds
  self.along.clear();
  self.kept->lost_count_.fetch_sub(1);
  self.kept->thread_back();
  self.kept.reset();
  lock.lock();
  --lost_;
  quiet_.notify_all();
}

std::shared_ptr<work_source> executor_pool::retire(work_source& source) {
  if (!source.closed_ || source.retired_ || source.waiting() > 0
      || source.running() > 0 || &source == jobs_.get())
    return nullptr;
  source.retired_ = true;
  auto kept = source.shared_from_this();
  std::erase(sources_, kept);
  return kept;
}

void executor_pool::close(work_source& source) {
  std::shared_ptr<work_source> over;
  {
    const lock_type lock{mutex_};
    source.closed_ = true;
    over = retire(source);
  }
  if (over)
    over->drained();
}

uint32_t executor_pool::lost() const {
  const lock_type lock{mutex_};
  return lost_;
}

} // namespace faas::host
