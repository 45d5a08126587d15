#include "functions/host/call.hpp"

#include "functions/host/version_host.hpp"
#include "libfaas/core/back_before.hpp"
#include "libfaas/event/answer_parts.hpp"

#include <algorithm>

namespace faas::host {

using clock = std::chrono::steady_clock;

namespace {

/// What goes to a reader at once.
constexpr size_t part_bytes = 64 * 1024;
/// Between two looks whether a slow reader still waits.
constexpr auto look_every = std::chrono::milliseconds{20};

class call_context final : public invocation_context {
public:
  call_context(const version_host& host, call& of, call_id id)
    : host_(host), call_(of), id_(id) {}
  bool cancelled() const noexcept override { return call_.cancelled(); }
  duration remaining() const noexcept override {
    return call_.deadline() - clock::now();
  }
  bool abandoned() const noexcept override { return call_.abandoned(); }
  part_fate send(const reply& head, std::string_view part) noexcept override {
    return call_.send(head, part);
  }
  void log(log_level level, std::string_view text) noexcept override {
    host_.log(level, text, &id_);
  }

private:
  const version_host& host_;
  call& call_;
  call_id id_;
};

} // namespace

call::call(version_host& host, invocation&& event, completion&& done,
           time_point now)
  : work(event.deadline), host_(host), event_(std::move(event)), queued_(now),
    found_(host.inside()), done_(std::move(done)) {}

bool call::cancelled() const noexcept {
  const std::lock_guard lock{mutex_};
  return !done_.wanted();
}

part_fate call::send(const reply& head, std::string_view part) noexcept {
  if (!event_.parts)
    return part_fate::kept;
  const auto until = back_before(deadline(), queued_);
  auto left = part;
  do {
    const auto now = left.substr(0, part_bytes);
    switch (event_.parts->put(head, now)) {
    case answer_parts::taken::sent:
      left.remove_prefix(now.size());
      break;
    case answer_parts::taken::gone:
      return part_fate::stop;
    case answer_parts::taken::later:
      if (clock::now() >= until || abandoned() || cancelled())
        return part_fate::stop;
      event_.parts->wait_for_room(std::min(until, clock::now() + look_every));
    }
  } while (!left.empty());
  return part_fate::sent;
}

bool call::answer(reply&& what) noexcept {
  completion done;
  {
    const std::lock_guard lock{mutex_};
    done = std::move(done_);
  }
  if (!done)
    return false;
  host_.tell_queue(what, 1);
  host_.count(what, found_);
  done(std::move(what));
  return true;
}

void call::begin(uint32_t slot) noexcept {
  instance_ = host_.take_instance(slot, pooled_);
}

void call::run(uint32_t) noexcept {
  if (cancelled()) { // nobody waits: no need to begin
    answer(reply::failure(
      {errc::cancelled, "the caller went away before the event ran", ""}));
    return;
  }
  const auto start = clock::now();
  execution_times times;
  times.cold = host_.cold_wait(queued_, start);
  times.queue = start - queued_ - times.cold;
  start_ns_.store((start - queued_).count() + 1, std::memory_order_relaxed);
  auto begin = start;
  check_instance();
  if (!instance_) { // the slot lost its instance, or never had one
    auto made = host_.make_instance();
    if (!made) {
      host_.check_module();
      answer(reply::failure(made.error()));
      return;
    }
    instance_ = std::move(*made);
    begin = clock::now();
    times.cold += begin - start;
  }
  const auto waited = gather();
  times.queue += waited;
  auto made = along_.empty() ? execute(begin + waited, times)
                             : execute_batch(times.cold);
  if (made.code != errc::ok) [[unlikely]] {
    host_.check_module(); // first: the next event must find it stopped
    answer(std::move(made));
    check_instance();
  } else {
    answer(std::move(made));
  }
}

const batch_entry& call::share() {
  if (!share_) {
    const auto own = host_.share_of(event_);
    share_ = {own.items, own.bucket, deadline()};
  }
  return *share_;
}

bool call::takes(work& waiting) noexcept {
  auto& other = static_cast<call&>(waiting); // of the same version
  if (!batch_ || !batch_->admits(other.share(), clock::now()))
    return false;
  batch_->add(other.share());
  along_.emplace_back(&other);
  return true;
}

duration call::gather() {
  const auto& rules = host_.batches();
  if (rules.most < 2 || share().items == 0)
    return {};
  const auto began = clock::now();
  batch_.emplace(rules, share(), began);
  auto seen = host_.events_seen();
  host_.offer_waiting(*this);
  while (clock::now() < batch_->closes()
         && host_.await_more(seen, batch_->closes()))
    host_.offer_waiting(*this);
  batch_.reset();
  return clock::now() - began;
}

void call::share_times(reply& made, time_point begin, execution_times whole,
                       uint32_t all_items) const noexcept {
  // What an event costs is its part; the rest of the time it waited for others.
  const auto all = whole.batch;
  const auto cold = whole.cold;
  made.times = whole;
  made.times.service = all * share_->items / std::max(all_items, 1u);
  made.times.queue
    = std::max<duration>(begin - queued_ - cold, duration::zero())
      + (all - made.times.service);
  made.version = host_.version().version;
  made.started = true;
}

reply call::execute_batch(duration cold) noexcept {
  const auto begin = clock::now();
  std::erase_if(along_, [](const auto& each) {
    return each->cancelled()
           && each->answer(reply::failure(
             {errc::cancelled, "the caller went away before the event ran",
              ""}));
  });
  std::vector<boost::intrusive_ptr<call>> all{this};
  all.insert(all.end(), along_.begin(), along_.end());
  std::vector<const invocation*> events;
  std::vector<call_context> contexts;
  contexts.reserve(all.size());
  std::vector<invocation_context*> faces;
  uint32_t items = 0;
  for (const auto& each : all) {
    events.push_back(&each->event_);
    contexts.emplace_back(host_, *each, each->event_.id);
    faces.push_back(&contexts.back());
    each->start_ns_.store((begin - each->queued_).count() + 1,
                          std::memory_order_relaxed);
    items += each->share().items;
  }
  std::vector<reply> answers(all.size());
  instance_->invoke_batch(events, faces, answers);
  const auto how = found(cold);
  const duration took = clock::now() - begin; // the same for all of them
  for (size_t i = 0; i < all.size(); ++i) {
    all[i]->share_times(answers[i], begin,
                        {.cold = cold, .batch = took}, items);
    answers[i].start = how;
    host_.count_start(how);
  }
  service_ = (clock::now() - begin) / static_cast<int64_t>(all.size());
  host_.count_batch(static_cast<uint32_t>(all.size()));
  for (size_t i = 1; i < all.size(); ++i)
    all[i]->answer(std::move(answers[i]));
  along_.clear();
  return std::move(answers.front());
}

void call::check_instance() noexcept {
  if (instance_ && !instance_->usable())
    instance_.reset();
}

time_point call::overdue() const noexcept {
  return deadline() + host_.over_deadline();
}

start_kind call::found(duration cold) const noexcept {
  if (cold.count() > 0)
    return instance_->from_pool() ? start_kind::pool : start_kind::cold;
  return pooled_ ? start_kind::pool : start_kind::warm;
}

reply call::execute(time_point begin, execution_times times) noexcept {
  call_context context{host_, *this, event_.id};
  const auto how = found(times.cold);
  host_.count_start(how);
  auto made = instance_->invoke(event_, context);
  service_ = clock::now() - begin;
  times.service = service_;
  made.times = times;
  made.version = host_.version().version;
  made.started = true;
  made.start = how;
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
