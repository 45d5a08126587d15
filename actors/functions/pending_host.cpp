#include "actors/functions/pending_host.hpp"

#include <algorithm>
#include <utility>

namespace faas::actors {
namespace {

/// Adds what an event has waited before it came to its host.
class late_start final : public completion_sink {
public:
  late_start(completion done, duration waited)
    : done_(std::move(done)), waited_(waited) {}

  void complete(uint64_t, reply&& answer) noexcept override {
    answer.times.queue += waited_;
    done_(std::move(answer));
  }
  bool wanted(uint64_t) const noexcept override { return done_.wanted(); }

private:
  completion done_;
  const duration waited_;
};

reply too_late() {
  return reply::failure(
    {errc::deadline_exceeded,
     "the deadline has passed while the function was brought to this node",
     "allow more time, or see faas-cli describe"});
}

} // namespace

bool waiting_room::enter(uint64_t bytes) noexcept {
  if (inside_.fetch_add(1) < events_) {
    if (inside_bytes_.fetch_add(bytes) + bytes <= bytes_)
      return true;
    inside_bytes_.fetch_sub(bytes);
  }
  inside_.fetch_sub(1);
  return false;
}

void waiting_room::leave(uint64_t bytes) noexcept {
  inside_.fetch_sub(1);
  inside_bytes_.fetch_sub(bytes);
}

pending_host::pending_host(version_ref version, const clock_source& clock,
                           std::shared_ptr<waiting_room> room)
  : version_(std::move(version)), clock_(clock), room_(std::move(room)) {}

pending_host::~pending_host() {
  give_back("it is brought there no more");
}

error pending_host::refusal() const {
  return {errc::unavailable,
          version_.function.str() + " version "
            + std::to_string(version_.version)
            + " did not get to this node: " + *refused_,
          "repeat, or see faas-cli describe " + version_.function.str()};
}

void pending_host::submit(invocation&& event, completion&& done) {
  const auto now = clock_.now();
  std::unique_lock lock{mutex_};
  if (const auto host = host_) {
    lock.unlock();
    return host->submit(std::move(event), std::move(done));
  }
  reply answer;
  if (refused_) {
    answer = reply::failure(refusal());
  } else if (event.deadline <= now) {
    ++timed_out_;
    answer = too_late();
  } else if (!room_->enter(event.body.size())) {
    answer = reply::failure(
      {errc::overloaded,
       "too many events wait on this node for functions that are brought to it",
       "try again later"});
  } else {
    ++accepted_;
    waiting_.push_back({std::move(event), std::move(done), now});
    return;
  }
  ++refusals_;
  lock.unlock();
  done(std::move(answer));
}

void pending_host::pass_on(function_host& to, one&& event) const {
  room_->leave(event.event.body.size());
  if (!event.done.wanted()) { // whoever owes the answer has given it
    event.done(too_late());
    return;
  }
  const auto waited = clock_.now() - event.came;
  completion done{
    std::make_shared<late_start>(std::move(event.done), waited), 0};
  to.submit(std::move(event.event), std::move(done));
}

// One by one, since a host may run an event before submit() returns; what comes
// meanwhile waits behind the others.
void pending_host::hand_over(std::shared_ptr<function_host> to) {
  for (;;) {
    std::unique_lock lock{mutex_};
    if (waiting_.empty()) {
      host_ = std::move(to);
      return;
    }
    auto first = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    pass_on(*to, std::move(first));
  }
}

void pending_host::give_back(const std::string& why) {
  std::deque<one> all;
  std::optional<error> answer;
  {
    const std::lock_guard lock{mutex_};
    if (host_)
      return;
    refused_ = why;
    answer = refusal();
    all.swap(waiting_);
    refusals_ += all.size();
  }
  for (auto& each : all) {
    room_->leave(each.event.body.size());
    each.done(reply::failure(*answer));
  }
}

void pending_host::admit() {
  const std::lock_guard lock{mutex_};
  refused_.reset();
}

void pending_host::look() {
  const auto now = clock_.now();
  std::vector<one> gone;
  {
    const std::lock_guard lock{mutex_};
    const auto first = std::stable_partition(
      waiting_.begin(), waiting_.end(), [&](const one& each) {
        return each.event.deadline > now && each.done.wanted();
      });
    gone.assign(std::make_move_iterator(first),
                std::make_move_iterator(waiting_.end()));
    waiting_.erase(first, waiting_.end());
    timed_out_ += gone.size();
  }
  for (auto& each : gone) {
    room_->leave(each.event.body.size());
    each.done(too_late());
  }
}

host_stats pending_host::stats() const {
  std::unique_lock lock{mutex_};
  if (const auto host = host_) {
    lock.unlock();
    return host->stats();
  }
  host_stats made;
  made.waiting = static_cast<uint32_t>(waiting_.size());
  made.accepted = accepted_;
  made.refused = refusals_;
  made.timed_out = timed_out_;
  return made;
}

void pending_host::close(std::function<void()> closed) {
  give_back("it is brought there no more");
  closed();
}

} // namespace faas::actors
