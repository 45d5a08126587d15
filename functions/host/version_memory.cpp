// What a version_host has in memory: instances for the load, nothing when it is
// idle, all of it again with the next event.
//
// It leaves only when nothing waits or runs: the pool then holds the source, so
// that events wait in its queue, and a job destroys instances and module. The
// first event that waits starts the job that loads them again; at its end the
// pool lets the events run. While a job is under way no other one begins, and a
// close waits for its end.
#include "functions/host/version_host.hpp"

#include <algorithm>

namespace faas::host {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

constexpr duration first_pause = 1s, longest_pause = 30s;
/// Time in which instances must be destroyed or made.
constexpr auto job_timeout = 10s;
/// Fewer events per second are none.
constexpr double least_rate = 0.05;

int64_t ns(time_point at) noexcept {
  return duration{at.time_since_epoch()}.count();
}

/// A job that tells its end once: when run() is over, or when the watchdog gives
/// it up, because it takes too long or the node stops.
class memory_job : public work {
public:
  memory_job(std::shared_ptr<version_host> host, duration time)
    : work(clock::now() + time), host_(std::move(host)) {}
  void run(uint32_t) noexcept final {
    act(*host_);
    if (ended_.exchange(true))
      host_->job_stuck(false);
    else
      over(*host_);
  }
  void give_up(give_up_reason, bool started) noexcept final {
    if (started) // run() goes on: the module must stay until it is back
      host_->job_stuck(true);
    else
      drop();
    if (!ended_.exchange(true))
      over(*host_);
    else if (started)
      host_->job_stuck(false);
  }

private:
  virtual void act(version_host& host) noexcept = 0;
  virtual void drop() noexcept {} ///< it will not run
  virtual void over(version_host& host) noexcept { host.end_job(); }
  const std::shared_ptr<version_host> host_; ///< outlives what it destroys
  std::atomic<bool> ended_{false};
};

/// Destroys instances, and after them their module.
class leave_job final : public memory_job {
public:
  leave_job(std::shared_ptr<version_host> host, loaded_parts parts,
            bool all)
    : memory_job(std::move(host), job_timeout), parts_(std::move(parts)),
      all_(all) {}

private:
  void act(version_host&) noexcept override { drop(); }
  void drop() noexcept override {
    parts_.instances.clear();
    parts_.module.reset();
  }
  void over(version_host& host) noexcept override {
    all_ ? host.has_left() : host.end_job();
  }
  loaded_parts parts_;
  const bool all_;
};

class make_job final : public memory_job {
public:
  make_job(std::shared_ptr<version_host> host, uint32_t count, duration time)
    : memory_job(std::move(host), time), count_(count) {}

private:
  void act(version_host& host) noexcept override { host.make_ahead(count_); }
  const uint32_t count_;
};

/// Its end is told by come_back() itself.
class return_job final : public work {
public:
  return_job(std::shared_ptr<version_host> host, uint64_t number,
             duration time)
    : work(clock::now() + time), host_(std::move(host)), number_(number) {}
  void run(uint32_t) noexcept override { host_->come_back(number_); }
  void give_up(give_up_reason why, bool) noexcept override {
    host_->came_back(number_,
                     why == give_up_reason::shutdown
                       ? error{errc::shutting_down, "the node stopped"}
                       : error{errc::unavailable, "loading took too long"});
  }

private:
  const std::shared_ptr<version_host> host_;
  const uint64_t number_;
};

} // namespace

// -- from time to time ---------------------------------------------------------

void version_host::tick(time_point now) {
  if (phase_.load(std::memory_order_acquire) != phase::ready)
    return;
  auto seen = sample();
  scaling::scale_advice advice;
  bool away = false;
  {
    const std::lock_guard lock{mutex_};
    memory_.ticked = std::max(memory_.ticked, now);
    add_load_time(seen);
    advice = scaler_->tick(now, seen);
    if (memory_.job)
      return;
    away = memory_.now == memory_state::where::out;
  }
  if (away) {
    if (advice.in_memory ? !backing_off(clock::now()) : due_for_inquiry(now))
      wake();
  } else if (!advice.in_memory) {
    leave();
  } else if (!inline_.load()) {
    fit_instances(advice.instances);
  }
  tell_changed(now);
}

/// Nobody asks for it: a good time to see how long it takes to come back, and
/// whether it can.
bool version_host::due_for_inquiry(time_point now) {
  const std::lock_guard lock{mutex_};
  if (!settings_.inquiry || memory_.now != memory_state::where::out)
    return false;
  const auto due = memory_.failure
                     ? memory_.retry_at
                     : memory_.left_at + settings_.inquiry->after();
  if (now < due || !settings_.inquiry->take(now))
    return false;
  memory_.inquiry = true;
  return true;
}

void version_host::rescale(const scale_order& order) {
  auto seen = sample();
  const std::lock_guard lock{mutex_};
  add_load_time(seen);
  const auto before = std::exchange(order_, order);
  if (!scaler_) // it is being loaded, and begins with this
    return;
  scaler_->hold(order.held);
  if (before.least != order.least || before.since != order.since)
    scaler_->rescale(clock::now(), seen, limits_by(order),
                     order.least && *order.least == 0);
  memory_.tell_soon = clock::now() + 10s; // who asked waits for it
}

std::optional<host_load> version_host::current_load() const {
  if (phase_.load(std::memory_order_acquire) != phase::ready)
    return std::nullopt;
  const auto busy = sample().busy;
  host_load now;
  now.busy = busy;
  now.instances = instances();
  const std::lock_guard lock{mutex_};
  const auto& limits = scaler_->limits();
  if (!limits.to_zero || (busy == 0 && scaler_->rate() < least_rate))
    return std::nullopt;
  now.rate = scaler_->rate();
  now.service = scaler_->service();
  now.slots = limits.most;
  return now;
}

uint32_t version_host::instances() const {
  const auto made = pool_->locked([this] {
    return std::count_if(instances_.begin(), instances_.end(),
                         [](const auto& each) { return each != nullptr; });
  });
  const auto lanes = away_.load() ? size_t{0} : lanes_.count();
  return static_cast<uint32_t>(static_cast<size_t>(made) + lanes) + running();
}

scaling::scale_sample version_host::sample() const {
  scaling::scale_sample seen;
  seen.arrived = accepted_.load(std::memory_order_relaxed)
                 + refused_.load(std::memory_order_relaxed);
  seen.busy = waiting() + running();
  pool_->locked([&] {
    seen.served = served_;
    seen.service = service_;
  });
  lanes_.each([&](const inline_lane& lane) {
    seen.arrived += lane.accepted.value();
    seen.busy += lane.busy.load(std::memory_order_relaxed) ? 1 : 0;
  });
  return seen;
}

// -- instances for the load ----------------------------------------------------

void version_host::fit_instances(uint32_t wanted) {
  const auto have = instances();
  loaded_parts spare;
  uint32_t missing = 0;
  {
    const std::lock_guard lock{mutex_};
    if (have == wanted || memory_.job || phase_.load() != phase::ready
        || memory_.now != memory_state::where::in)
      return;
    if (have < wanted && clock::now() >= memory_.no_more_before)
      missing = wanted - have;
    else if (have > wanted) // those that were not used for longest
      pool_->locked([&] {
        for (const auto slot : free_slots())
          if (instances_[slot] && have - spare.instances.size() > wanted)
            spare.instances.push_back(std::move(instances_[slot]));
      });
    if (missing == 0 && spare.instances.empty())
      return;
    memory_.job = true;
  }
  auto self = std::static_pointer_cast<version_host>(shared_from_this());
  const work_ptr job
    = missing > 0
        ? work_ptr{new make_job{self, missing, settings_.load_timeout}}
        : work_ptr{new leave_job{self, std::move(spare), false}};
  if (!pool_->run_job(job))
    job->give_up(give_up_reason::shutdown, false);
}

void version_host::make_ahead(uint32_t count) noexcept {
  for (; count > 0 && phase_.load() == phase::ready; --count) {
    auto made = module_->create_instance();
    if (!made) {
      log(log_level::warning,
          "an instance could not be made ahead: " + made.error().message,
          nullptr);
      const std::lock_guard lock{mutex_};
      memory_.no_more_before = clock::now() + longest_pause;
      return;
    }
    loaded_parts one;
    one.instances.push_back(std::move(*made));
    place(std::move(one));
  }
}

void version_host::place(loaded_parts parts) noexcept {
  auto& made = parts.instances; // what finds no place ends after the lock
  pool_->locked([&] {
    const auto& free = free_slots();
    for (auto slot = free.rbegin(); slot != free.rend() && !made.empty();
         ++slot)
      if (!instances_[*slot]) {
        instances_[*slot] = std::move(made.back());
        fresh_[*slot] = true;
        made.pop_back();
      }
  });
}

void version_host::end_job() noexcept {
  {
    const std::lock_guard lock{mutex_};
    memory_.job = false;
  }
  try_tear_down(); // if that waited for it
}

// -- leaving the memory --------------------------------------------------------

void version_host::leave() {
  {
    const std::lock_guard lock{mutex_};
    if (phase_.load() != phase::ready || memory_.job || in_use()
        || memory_.now != memory_state::where::in)
      return;
    memory_.job = true;
    memory_.now = memory_state::where::leaving;
    away_.store(true); // with the lanes' busy: either they see it, or this them
  }
  if (lanes_.any_busy() || !pool_->hold(*this)) {
    {
      const std::lock_guard lock{mutex_};
      away_.store(false);
      memory_.now = memory_state::where::in;
    }
    return end_job();
  }
  loaded_parts all;
  all.instances = lanes_.take();
  pool_->locked([&] {
    for (auto& instance : instances_)
      if (instance)
        all.instances.push_back(std::move(instance));
  });
  {
    const std::lock_guard lock{mutex_};
    facts_ = module_->facts();
    all.module = std::move(module_);
  }
  auto self = std::static_pointer_cast<version_host>(shared_from_this());
  const work_ptr job{new leave_job{std::move(self), std::move(all), true}};
  if (!pool_->run_job(job))
    job->give_up(give_up_reason::shutdown, false);
}

void version_host::has_left() noexcept {
  {
    const std::lock_guard lock{mutex_};
    memory_.now = memory_state::where::out;
    memory_.left_at = std::max(memory_.ticked, clock::now());
    ++memory_.unloads;
  }
  end_job();
  if (waiting() > 0)
    wake();
}

// -- coming back ---------------------------------------------------------------

void version_host::wake() {
  uint64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    if (memory_.now != memory_state::where::out || memory_.job)
      return;
    memory_.job = true;
    memory_.now = memory_state::where::coming;
    number = ++memory_.number;
  }
  auto self = std::static_pointer_cast<version_host>(shared_from_this());
  const work_ptr job{
    new return_job{std::move(self), number, settings_.load_timeout}};
  if (!pool_->run_job(job))
    job->give_up(give_up_reason::shutdown, false);
}

void version_host::come_back(uint64_t number) noexcept {
  // One for each lane, and one for the event, which waits in the queue.
  const auto least = scale_limits().least;
  const auto begun = clock::now();
  auto parts = load_parts(std::max<size_t>(least, 1) + lanes_.count());
  note_load(clock::now() - begun, bool{parts});
  came_back(number, std::move(parts));
}

void version_host::note_load(duration took, bool worked) {
  const std::lock_guard lock{mutex_};
  if (worked) {
    memory_.load_time = took;
    ++memory_.measured;
  }
  if (std::exchange(memory_.inquiry, false))
    settings_.inquiry->spent(took, std::max(memory_.ticked, clock::now()));
}

/// That of the deployment until it has come back once.
void version_host::add_load_time(scaling::scale_sample& to) const {
  to.loads = memory_.measured;
  to.load = memory_.load_time > duration::zero() ? memory_.load_time
                                                 : memory_.first_load;
}

void version_host::came_back(uint64_t number,
                             result<loaded_parts> parts) noexcept {
  {
    const std::lock_guard lock{mutex_};
    if (memory_.now != memory_state::where::coming || memory_.number != number)
      return; // it was given up: what came too late is dropped
    ++memory_.number;
    if (parts) {
      module_ = std::move(parts->module);
      memory_.failure.reset();
      memory_.pause = {};
      ++memory_.loads;
    }
  }
  if (!parts)
    return not_back(parts.error());
  lanes_.give(parts->instances);
  place({nullptr, std::move(parts->instances)});
  back_ns_.store(ns(clock::now()), std::memory_order_relaxed);
  away_.store(false);
  {
    const std::lock_guard lock{mutex_};
    memory_.now = memory_state::where::in;
  }
  pool_->resume(*this);
  end_job();
}

void version_host::not_back(error why) noexcept {
  std::string text;
  {
    const std::lock_guard lock{mutex_};
    memory_.pause
      = std::clamp(memory_.pause * 2, first_pause, longest_pause);
    memory_.retry_at = clock::now() + memory_.pause;
    text = request_.version.function.str()
           + " could not be loaded again: " + why.message;
    memory_.failure
      = error{why.code == errc::shutting_down ? why.code : errc::unavailable,
              text,
              "it is tried again within "
                + std::to_string(memory_.pause / 1s) + " seconds"};
    memory_.now = memory_state::where::out;
    ++memory_.failed_loads;
  }
  log(log_level::error, text, nullptr);
  pool_->refuse_waiting(*this);
  end_job();
  if (waiting() > 0) // came just now and did not begin a load
    wake();
}

std::optional<error> version_host::backing_off(time_point now) const {
  const std::lock_guard lock{mutex_};
  if (!memory_.failure || memory_.now != memory_state::where::out
      || now >= memory_.retry_at)
    return std::nullopt;
  return memory_.failure;
}

duration version_host::cold_wait(time_point queued,
                                 time_point start) const noexcept {
  // Nothing that was queued before it left can start after it came back.
  const auto back = back_ns_.load(std::memory_order_relaxed);
  return duration{std::max<int64_t>(std::min(ns(start), back) - ns(queued), 0)};
}

} // namespace faas::host
