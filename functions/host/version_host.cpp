#include "functions/host/version_host.hpp"

#include <algorithm>

namespace faas::host {

using clock = std::chrono::steady_clock;

namespace {

/// The context of an inline call: its completion is this thread's alone.
class inline_context final : public invocation_context {
public:
  inline_context(const version_host& host, const invocation& event,
                 const completion& done)
    : host_(host), event_(event), done_(done) {}
  // The loop that would notice the deadline is the one that is busy here.
  bool cancelled() const noexcept override {
    return !done_.wanted() || clock::now() >= event_.deadline;
  }
  duration remaining() const noexcept override {
    return event_.deadline - clock::now();
  }
  void log(log_level level, std::string_view text) noexcept override {
    host_.log(level, text, &event_.id);
  }

private:
  const version_host& host_;
  const invocation& event_;
  const completion& done_;
};

bool is_failure(errc code) noexcept {
  return code == errc::function_failed || code == errc::bad_bundle
         || code == errc::internal || code == errc::outcome_unknown;
}

} // namespace

version_host::version_host(host_request request, trust_mode mode,
                           host_events events,
                           std::shared_ptr<executor_pool> pool,
                           runtime_lookup runtimes,
                           const host_settings& settings)
  : work_source(request.spec.petrel.concurrency, request.spec.petrel.queue),
    request_(std::move(request)), events_(std::move(events)),
    settings_(settings), runtimes_(std::move(runtimes)), pool_(std::move(pool)),
    isolated_(mode == trust_mode::isolated), instances_(slots()),
    fresh_(slots()), inline_(mode == trust_mode::inline_),
    faults_(settings.written_off_per_version, settings.forgive_after),
    order_(request_.scale) {}

void version_host::submit(invocation&& event, completion&& done) {
  if (phase_.load(std::memory_order_acquire) != phase::ready)
    return refuse(std::move(done), refusal());
  const auto now = clock::now();
  if (event.deadline <= now)
    return refuse(std::move(done), given_up(give_up_reason::deadline, false));
  if (away_.load(std::memory_order_acquire)) [[unlikely]] {
    if (auto why = backing_off(now))
      return refuse(std::move(done), std::move(*why));
  } else if (inline_.load(std::memory_order_relaxed))
    if (auto* lane = lanes_.mine())
      return run_inline(*lane, std::move(event), std::move(done), now);
  enqueue(std::move(event), std::move(done), now);
}

void version_host::enqueue(invocation&& event, completion&& done,
                           time_point now) {
  const boost::intrusive_ptr<call> item{
    new call{*this, std::move(event), std::move(done), now}};
  switch (pool_->submit(*this, item, now)) {
  case admission::admitted:
    accepted_.fetch_add(1, std::memory_order_relaxed);
    if (away_.load(std::memory_order_acquire)) [[unlikely]]
      wake();
    return tell_gatherers();
  case admission::full:
    return refuse(
      item->take_completion(),
      {errc::overloaded,
       std::to_string(waiting()) + " events of "
         + request_.version.function.str() + " wait for its "
         + std::to_string(slots()) + " instances on this node",
       "try again later, or raise petrel.concurrency or petrel.queue"});
  case admission::too_late:
    return refuse(item->take_completion(),
                  {errc::deadline_exceeded,
                   "the deadline passes before the event's turn comes: "
                     + std::to_string(waiting()) + " events wait",
                   "allow more time or raise petrel.concurrency"});
  case admission::closed:
    return refuse(item->take_completion(), refusal());
  }
}

void version_host::tell_gatherers() {
  if (batches_.window <= duration::zero())
    return;
  {
    const std::lock_guard lock{more_mutex_};
    ++events_queued_;
  }
  more_.notify_all();
}

uint64_t version_host::events_seen() {
  if (batches_.window <= duration::zero())
    return 0;
  const std::lock_guard lock{more_mutex_};
  return events_queued_;
}

bool version_host::await_more(uint64_t& seen, time_point until) {
  std::unique_lock lock{more_mutex_};
  const bool came
    = more_.wait_until(lock, until, [&] { return events_queued_ != seen; });
  seen = events_queued_;
  return came;
}

void version_host::count_batch(uint32_t events) noexcept {
  batches_run_.fetch_add(1, std::memory_order_relaxed);
  events_joined_.fetch_add(events, std::memory_order_relaxed);
}

void version_host::run_inline(inline_lane& lane, invocation&& event,
                              completion&& done, time_point now) {
  // With the phase forms a handshake: either this call sees that the host
  // closes, or the closing thread sees that the lane is busy.
  lane.busy.store(true);
  if (away_.load()) [[unlikely]] { // it leaves the memory just now
    lane.busy.store(false);
    return enqueue(std::move(event), std::move(done), now);
  }
  if (phase_.load() != phase::ready) {
    lane.busy.store(false);
    try_tear_down();
    return refuse(std::move(done), refusal());
  }
  lane.accepted.add();
  inline_context context{*this, event, done};
  auto made = lane.instance->invoke(event, context);
  const duration service = clock::now() - now;
  const auto reason = lane.watch.add(service);
  lane.p99_ns.store(lane.watch.p99().count(), std::memory_order_relaxed);
  made.times.service = service;
  made.version = request_.version.version;
  made.started = true;
  lane.answered.add();
  if (is_failure(made.code))
    lane.failed.add();
  lane.busy.store(false);
  done(std::move(made));
  if (reason) [[unlikely]]
    withdraw_inline(*reason);
  if (phase_.load() != phase::ready) [[unlikely]]
    try_tear_down();
}

void version_host::withdraw_inline(const std::string& reason) {
  if (!inline_.exchange(false))
    return;
  const auto text
    = request_.version.function.str()
      + " leaves the gateway loop and runs on executors: " + reason;
  log(log_level::warning, text, nullptr);
  if (events_.inline_withdrawn)
    events_.inline_withdrawn(text);
}

void version_host::refuse(completion&& done, error why) noexcept {
  refused_.fetch_add(1, std::memory_order_relaxed);
  auto answer = reply::failure(std::move(why));
  tell_queue(answer, 0);
  done(std::move(answer));
}

void version_host::tell_queue(reply& answer, uint32_t itself) const noexcept {
  const auto less_it = [&](uint32_t all) { return all - std::min(all, itself); };
  const auto own = less_it(inside());
  const bool shared = !isolated_ && pool_->shares(*this);
  answer.queue_length = shared ? less_it(pool_->shared_inside()) : own;
  answer.queue_foreign = answer.queue_length - std::min(answer.queue_length, own);
}

error version_host::refusal() const {
  const std::lock_guard lock{mutex_};
  const auto& name = request_.version.function.str();
  if (phase_.load() == phase::ready && memory_.failure)
    return *memory_.failure;
  switch (phase_.load()) {
  case phase::loading:
    return {errc::unavailable, name + " is still being loaded",
            "try again in a moment"};
  case phase::failed:
    return {errc::unavailable, name + " could not be loaded: " + reason_,
            "deploy a version that loads"};
  case phase::quarantined:
    return {errc::quarantined, reason_, "mend it and deploy a new version"};
  case phase::closing:
  case phase::ready:
    break; // ready: the pool itself stops
  }
  return {errc::shutting_down, name + " is being stopped on this node",
          "try again: another version or node takes the event"};
}

error version_host::given_up(give_up_reason why, bool started) const {
  if (why == give_up_reason::shutdown)
    return {errc::shutting_down,
            started ? "the node stopped while the function ran"
                    : "the node stopped before the event ran",
            started ? "it may have had effects: repeat if it is idempotent"
                    : "try again on another node"};
  return {errc::deadline_exceeded,
          started ? "the function did not answer within its deadline"
                  : "the deadline passed before the event ran",
          started ? "make it faster or raise petrel.timeout"
                  : "allow more time or raise petrel.concurrency"};
}

void version_host::count(const reply& answer, uint32_t found) noexcept {
  answered_.fetch_add(1, std::memory_order_relaxed);
  const auto& took = answer.times;
  if (answer.code == errc::ok)
    lately_.add(found, to_ms(took.queue + took.cold + took.service));
  if (is_failure(answer.code))
    failed_.fetch_add(1, std::memory_order_relaxed);
  else if (answer.code == errc::deadline_exceeded)
    timed_out_.fetch_add(1, std::memory_order_relaxed);
}

void version_host::log(log_level level, std::string_view text,
                       const call_id* id) const noexcept {
  if (!events_.log)
    return;
  log_line line;
  line.at = std::chrono::system_clock::now();
  line.function = request_.version.function;
  line.version = request_.version.version;
  line.instance = settings_.node.str();
  if (id)
    line.call = id->to_string();
  if (level == log_level::warning)
    line.text = "warning: ";
  else if (level == log_level::error)
    line.text = "error: ";
  line.text += text.substr(0, limits::log_line_bytes);
  events_.log(std::move(line));
}

host_stats version_host::stats() const {
  host_stats all;
  const auto now = phase_.load();
  all.slots = now == phase::ready ? slots() : 0;
  all.running = running();
  all.waiting = waiting();
  all.accepted = accepted_.load(std::memory_order_relaxed);
  all.answered = answered_.load(std::memory_order_relaxed);
  all.refused = refused_.load(std::memory_order_relaxed);
  all.failed = failed_.load(std::memory_order_relaxed);
  all.timed_out = timed_out_.load(std::memory_order_relaxed);
  all.written_off = written_off_.load(std::memory_order_relaxed);
  const auto started = [&](start_kind how) {
    return starts_[static_cast<size_t>(how)].load(std::memory_order_relaxed);
  };
  all.cold_starts = started(start_kind::cold);
  all.pool_starts = started(start_kind::pool);
  all.warm_starts = started(start_kind::warm);
  if (now == phase::loading)
    return all; // the lanes are being made
  all.instances = instances();
  {
    const std::lock_guard lock{mutex_};
    all.unloads = memory_.unloads;
    all.loads = memory_.loads;
    all.failed_loads = memory_.failed_loads;
  }
  int64_t p99 = 0;
  lanes_.each([&](const inline_lane& lane) {
    all.running += lane.busy.load(std::memory_order_relaxed) ? 1 : 0;
    all.accepted += lane.accepted.value();
    all.answered += lane.answered.value();
    all.warm_starts += lane.answered.value();
    all.failed += lane.failed.value();
    p99 = std::max(p99, lane.p99_ns.load(std::memory_order_relaxed));
  });
  all.inline_p99_us = static_cast<double>(p99) / 1000;
  return all;
}

} // namespace faas::host
