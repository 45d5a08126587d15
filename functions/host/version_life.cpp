// The life of a version_host: loading, faults, closing.
#include "functions/host/version_host.hpp"

#include <algorithm>

namespace faas::host {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// Time in which a version must destroy its instances.
constexpr auto tear_down_timeout = 10s;

class load_job final : public work {
public:
  load_job(std::shared_ptr<version_host> host, time_point deadline)
    : work(deadline), host_(std::move(host)) {}
  void run(uint32_t) noexcept override { host_->load(); }
  void give_up(give_up_reason why, bool) noexcept override {
    host_->load_given_up(why);
  }

private:
  std::shared_ptr<version_host> host_;
};

class tear_down_job final : public work {
public:
  explicit tear_down_job(std::shared_ptr<version_host> host)
    : work(clock::now() + tear_down_timeout), host_(std::move(host)) {}
  void run(uint32_t) noexcept override {
    host_->tear_down();
    host_->end_close();
  }
  void give_up(give_up_reason, bool) noexcept override { host_->end_close(); }

private:
  std::shared_ptr<version_host> host_;
};

} // namespace

bool version_host::begin_load() {
  auto self = std::static_pointer_cast<version_host>(shared_from_this());
  return pool_->run_job(
    new load_job{std::move(self), clock::now() + settings_.load_timeout});
}

void version_host::load() noexcept {
  const auto begun = clock::now();
  auto parts = load_parts(first_instances());
  if (parts) {
    const std::lock_guard lock{mutex_};
    memory_.first_load = clock::now() - begun;
    ++memory_.measured;
  }
  if (parts)
    loaded_parts_ready(std::move(*parts));
  else
    loaded(parts.error());
}

result<loaded_parts> version_host::load_parts(size_t instances) {
  auto runtime = runtimes_();
  if (!runtime)
    return runtime.error();
  auto module
    = (*runtime)->load({request_.version, request_.spec, request_.folder,
                        request_.secrets, module_calls()});
  if (!module)
    return module.error();
  loaded_parts made{std::move(*module), {}};
  while (made.instances.size() < instances) {
    auto instance = made.module->create_instance();
    if (!instance)
      return instance.error();
    made.instances.push_back(std::move(*instance));
  }
  return made;
}

size_t version_host::first_instances() const {
  if (inline_.load()) // one per gateway loop
    return std::min<size_t>(settings_.inline_lanes, inline_lanes::most);
  return scale_limits().least;
}

scaling::scale_limits version_host::scale_limits() const {
  const std::lock_guard lock{mutex_};
  return limits_by(order_);
}

scaling::scale_limits version_host::limits_by(const scale_order& order) const {
  auto made = scaling::limits_of(request_.spec);
  made.most = std::min(slots(), pool_->threads()); // as many as can run at once
  if (!isolated_ && !scaling::says_how_many(request_.spec))
    made.least = made.most; // cheap, and made before they are needed
  made.least = std::min(made.least, made.most);
  return order.least ? scaling::asked_for(made, *order.least) : made;
}

/// The module is destroyed before this object.
module_events version_host::module_calls() {
  module_events calls;
  calls.log = [this](log_level level, std::string_view text,
                     const call_id* id) { log(level, text, id); };
  calls.changed = [this] {
    if (phase_.load() == phase::ready && events_.changed)
      events_.changed();
  };
  return calls;
}

result<void> version_host::publish(loaded_parts made) {
  auto profile = made.module->profile();
  auto facts = made.module->facts();
  const std::lock_guard lock{mutex_};
  if (samples_ && profile.empty())
    profile = samples_->points;
  if (phase_.load() != phase::loading) // given up or closed meanwhile
    return error{errc::shutting_down, "the version was stopped while it loaded",
                 "deploy it again"};
  module_ = std::move(made.module);
  const auto how = module_->batches();
  // A version may leave the memory and come back: with another module, by the
  // same rules. A call that asks has it.
  batches_ = {how.most, how.window,
              [this](uint32_t items) { return module_->batch_time(items); }};
  profile_ = std::move(profile);
  facts_ = std::move(facts);
  size_t slot = 0;
  for (auto& instance : made.instances)
    if (inline_.load()) {
      lanes_.add(std::move(instance), settings_.inline_bounds);
    } else {
      fresh_[slot] = true;
      instances_[slot++] = std::move(instance);
    }
  const auto limits = limits_by(order_);
  scaler_.emplace(limits, clock::now());
  scaler_->hold(order_.held);
  if (order_.least) // asked for before: none means none now
    scaler_->rescale(clock::now(), {}, limits, *order_.least == 0);
  add_scaling_facts(memory_.told);
  memory_.told_at = clock::now();
  memory_.tell_soon = memory_.told_at + 1s; // what its processes take
  phase_.store(phase::ready);
  return {};
}

void version_host::loaded(result<void> outcome) noexcept {
  if (load_reported_.exchange(true))
    return;
  if (!outcome) {
    const std::lock_guard lock{mutex_};
    if (phase_.load() == phase::loading) {
      reason_ = outcome.error().message;
      phase_.store(phase::failed);
    }
  }
  if (events_.loaded)
    events_.loaded(std::move(outcome));
}

void version_host::load_given_up(give_up_reason why) noexcept {
  loaded(why == give_up_reason::shutdown
           ? error{errc::shutting_down, "the node stopped", "start it again"}
           : error{errc::bad_bundle,
                   "loading took longer than "
                     + std::to_string(settings_.load_timeout / 1s) + " seconds",
                   "do less in static initialisers and in create"});
}

result<std::unique_ptr<function_instance>> version_host::make_instance() {
  return module_->create_instance();
}

void version_host::check_module() noexcept {
  if (auto why = module_->trouble(); !why.empty())
    quarantine(std::move(why));
}

void version_host::give_instance(uint32_t slot,
                                 std::unique_ptr<function_instance> instance,
                                 duration service) noexcept {
  if (service.count() > 0) { // it ran
    ++served_;
    service_ += service;
  }
  if (!instance)
    return;
  instances_[slot] = std::move(instance);
  served(service);
}

std::vector<profile_point> version_host::profile() const {
  const std::lock_guard lock{mutex_};
  return profile_;
}

string_map version_host::facts() const {
  const std::lock_guard lock{mutex_};
  if (!scaler_) // it was never ready
    return facts_;
  auto all = module_ ? module_->facts() : facts_; // workers come and go
  add_scaling_facts(all);
  add_sample_facts(all);
  if (batches_.most > 1) {
    all["batches"] = std::to_string(batches_run_.load());
    all["events_in_batches"] = std::to_string(events_joined_.load());
  }
  all["mode"] = name(isolated_       ? trust_mode::isolated
                     : inline_.load() ? trust_mode::inline_
                                      : trust_mode::threads);
  return all;
}

void version_host::thread_lost(uint32_t lost) noexcept {
  const auto total = written_off_.fetch_add(1) + 1;
  bool exhausted = false;
  {
    const std::lock_guard lock{mutex_};
    faults_.lost();
    exhausted = faults_.exhausted(clock::now());
  }
  log(log_level::error,
      "a call did not end by its deadline; its thread was written off and "
      "replaced",
      nullptr);
  const auto name = request_.version.function.str() + " version "
                    + std::to_string(request_.version.version);
  if (exhausted)
    quarantine(name + " was stopped: " + std::to_string(total)
               + " calls kept their threads past their deadline");
  else if (lost >= settings_.written_off_per_node)
    quarantine(name
               + " was stopped: its call kept a thread past its deadline "
                 "while this node misses "
               + std::to_string(lost) + " threads");
}

void version_host::thread_back() noexcept {
  const std::lock_guard lock{mutex_};
  faults_.came_back(clock::now());
}

void version_host::quarantine(std::string reason) {
  {
    const std::lock_guard lock{mutex_};
    if (phase_.load() != phase::ready)
      return;
    reason_ = reason;
    phase_.store(phase::quarantined);
  }
  pool_->refuse_waiting(*this);
  log(log_level::error, reason, nullptr);
  if (events_.quarantined)
    events_.quarantined(std::move(reason));
}

void version_host::close(std::function<void()> closed) {
  bool over = false;
  {
    const std::lock_guard lock{mutex_};
    phase_.store(phase::closing);
    over = closed_done_;
    if (closed && !over)
      closed_.push_back(closed);
  }
  if (over) {
    if (closed)
      closed();
    return;
  }
  loaded(error{errc::shutting_down, "the version was stopped while it loaded",
               "deploy it again"});
  pool_->close(*this);
}

void version_host::drained() noexcept {
  source_drained_.store(true);
  try_tear_down();
}

void version_host::try_tear_down() noexcept {
  if (!source_drained_.load() || lanes_.any_busy())
    return;
  {
    const std::lock_guard lock{mutex_};
    if (memory_.job) // its end comes here again
      return;
  }
  if (tearing_down_.exchange(true))
    return;
  auto self = std::static_pointer_cast<version_host>(shared_from_this());
  if (pool_->run_job(new tear_down_job{std::move(self)}))
    return;
  tear_down(); // the pool has stopped
  end_close();
}

void version_host::tear_down() noexcept {
  lanes_.clear();
  std::vector<std::unique_ptr<function_instance>> last(instances_.size());
  pool_->locked([&] { // a tick may be counting them
    for (size_t slot = 0; slot < last.size(); ++slot)
      last[slot] = std::move(instances_[slot]);
  });
  last.clear();
  const std::lock_guard lock{mutex_};
  // A lost thread may still be inside: then the module goes with this object,
  // which that thread keeps.
  if (!in_use())
    module_.reset();
}

void version_host::end_close() noexcept {
  std::vector<std::function<void()>> closed;
  {
    const std::lock_guard lock{mutex_};
    closed_done_ = true;
    closed.swap(closed_);
  }
  for (const auto& each : closed)
    each();
}

} // namespace faas::host
