#include "functions/host/call.hpp"

#include "functions/host/version_host.hpp"

namespace faas::host {

using clock = std::chrono::steady_clock;

namespace {

class call_context final : public invocation_context {
public:
  call_context(const version_host& host, const call& of, call_id id)
    : host_(host), call_(of), id_(id) {}
  bool cancelled() const noexcept override { return call_.cancelled(); }
  duration remaining() const noexcept override {
    return call_.deadline() - clock::now();
  }
  bool abandoned() const noexcept override { return call_.abandoned(); }
  void log(log_level level, std::string_view text) noexcept override {
    host_.log(level, text, &id_);
  }

private:
  const version_host& host_;
  const call& call_;
  call_id id_;
};

} // namespace

call::call(version_host& host, invocation&& event, completion&& done,
           time_point now)
  : work(event.deadline), host_(host), event_(std::move(event)), queued_(now),
    done_(std::move(done)) {}

bool call::cancelled() const noexcept {
  const std::lock_guard lock{mutex_};
  return !done_.wanted();
}

bool call::answer(reply&& what) noexcept {
  completion done;
  {
    const std::lock_guard lock{mutex_};
    done = std::move(done_);
  }
  if (!done)
    return false;
  what.queue_length = host_.waiting();
  host_.count(what);
  done(std::move(what));
  return true;
}

void call::begin(uint32_t slot) noexcept {
  instance_ = host_.take_instance(slot);
}

void call::run(uint32_t) noexcept {
  if (cancelled()) { // nobody waits: no need to begin
    answer(reply::failure(
      {errc::cancelled, "the caller went away before the event ran", ""}));
    return;
  }
  const auto start = clock::now();
  execution_times times;
  times.queue = start - queued_;
  start_ns_.store(times.queue.count() + 1, std::memory_order_relaxed);
  check_instance();
  if (!instance_) { // the slot lost its instance, or never had one
    auto made = host_.make_instance();
    if (!made) {
      host_.check_module();
      answer(reply::failure(made.error()));
      return;
    }
    instance_ = std::move(*made);
    times.cold = clock::now() - start;
  }
  auto made = execute(start, times);
  if (made.code != errc::ok) [[unlikely]] {
    host_.check_module(); // first: the next event must find it stopped
    answer(std::move(made));
    check_instance();
  } else {
    answer(std::move(made));
  }
}

void call::check_instance() noexcept {
  if (instance_ && !instance_->usable())
    instance_.reset();
}

time_point call::overdue() const noexcept {
  return deadline() + host_.over_deadline();
}

reply call::execute(time_point start, execution_times times) noexcept {
  call_context context{host_, *this, event_.id};
  const auto begin = start + times.cold;
  auto made = instance_->invoke(event_, context);
  service_ = clock::now() - begin;
  times.service = service_;
  made.times = times;
  made.version = host_.version().version;
  made.started = true;
  return made;
}

void call::finished(uint32_t slot) noexcept {
  host_.give_instance(slot, std::move(instance_), service_);
}

void call::give_up(give_up_reason why, bool started) noexcept {
  if (why == give_up_reason::shutdown)
    abandoned_.store(true);
  auto what = why == give_up_reason::refused
                ? reply::failure(host_.refusal())
                : reply::failure(host_.given_up(why, started));
  const duration passed = clock::now() - queued_;
  const duration before{start_ns_.load(std::memory_order_relaxed)};
  what.times.queue = started && before.count() > 0 ? before : passed;
  what.times.service = passed - what.times.queue;
  what.started = started;
  if (started)
    what.version = host_.version().version;
  answer(std::move(what));
}

} // namespace faas::host
