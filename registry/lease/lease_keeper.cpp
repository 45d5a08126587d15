#include "registry/lease/lease_keeper.hpp"

#include <utility>

namespace faas::registry {

using namespace std::chrono_literals;

lease_keeper::lease_keeper(lease_keeper_config config)
  : config_(std::move(config)), state_(config_.terms), random_(config_.seed) {}

lease_keeper::~lease_keeper() {
  resign();
}

void lease_keeper::resign() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
  const auto last = held();
  if (last.token == 0)
    return;
  {
    const std::lock_guard lock{mutex_};
    state_.lost(config_.clock->now());
  }
  tell(); // before another can lead
  (void) config_.store->release(last);
}

void lease_keeper::note(const std::string& line) const {
  if (config_.log)
    config_.log(line);
}

/// Under the lock.
void lease_keeper::away(const error& why) {
  failure_ = why;
  state_.failed(config_.clock->now());
  if (!std::exchange(away_, true))
    note("the lease cannot be kept: " + why.message);
}

void lease_keeper::back() {
  failure_ = {};
  if (std::exchange(away_, false))
    note("the lease's store answers again");
}

/// Asks the store without the lock and enters its answer.
void lease_keeper::carry_out(leadership::step what) {
  const auto asked = config_.clock->now();
  const auto ttl = config_.terms.ttl;
  if (what == leadership::step::renew) {
    const auto kept = config_.store->renew(held(), ttl);
    const std::lock_guard lock{mutex_};
    if (!kept)
      return away(kept.error());
    back();
    if (*kept)
      state_.renewed(asked);
    else
      state_.lost(config_.clock->now());
    return;
  }
  auto answer = config_.store->acquire(config_.holder, ttl);
  const std::lock_guard lock{mutex_};
  if (!answer) // who led last is still the best guess
    return away(answer.error());
  back();
  held_by_.clear();
  if (answer->granted) {
    state_.granted(asked, std::move(*answer->granted));
  } else {
    held_by_ = answer->held_by;
    state_.refused(config_.clock->now(), answer->left, random_);
  }
}

void lease_keeper::step() {
  leadership::step what;
  {
    const std::lock_guard lock{mutex_};
    what = state_.due(config_.clock->now());
  }
  // A term that is over is told before the store is asked, which may hang.
  tell();
  if (what == leadership::step::wait)
    return;
  carry_out(what);
  tell();
}

/// What has changed since it was told last.
void lease_keeper::tell() {
  const std::lock_guard one_at_a_time{follower_};
  leader_news now;
  bool away = false;
  {
    const std::lock_guard lock{mutex_};
    now.held = state_.held(config_.clock->now());
    now.held_by = now.held.token != 0 ? std::string{} : held_by_;
    away = away_;
  }
  const auto before = std::exchange(last_, now).value_or(leader_news{});
  if (now == before)
    return;
  if (now.held.token != 0)
    note("this node leads now, term " + std::to_string(now.held.token));
  else if (before.held.token != 0)
    note(std::string{"this node does not lead any more: "}
         + (!now.held_by.empty() ? now.held_by + " has the lease"
            : away               ? "the lease's store is away"
                                 : "its lease is over"));
  else if (!now.held_by.empty())
    note("standby: " + now.held_by + " has the lease");
  if (told_)
    told_(now);
}

void lease_keeper::follow(std::function<void(leader_news)> told) {
  const std::lock_guard one_at_a_time{follower_};
  told_ = std::move(told);
  if (told_)
    told_(last_.value_or(leader_news{}));
}

result<void> lease_keeper::begin(duration patience,
                                 const std::function<bool()>& stop) {
  auto answered = config_.clock->now();
  while (!stop()) {
    step();
    std::unique_lock lock{mutex_};
    const auto now = config_.clock->now();
    const bool elsewhere
      = !held_by_.empty()
        && holder_node(held_by_) != holder_node(config_.holder);
    if (state_.leads(now) || elsewhere) {
      thread_ = std::thread{[this] { run(); }};
      return {};
    }
    if (!away_)
      answered = now;
    else if (now - answered > patience)
      return failure_;
    wake_.wait_for(lock, std::min<duration>(
                           100ms, std::max<duration>(state_.next() - now,
                                                     1ms)));
  }
  return error{errc::cancelled, "stopped while asking for the lease"};
}

void lease_keeper::run() {
  for (;;) {
    step();
    std::unique_lock lock{mutex_};
    const auto left = state_.next() - config_.clock->now();
    // At most a second, so that a clock that is moved by a test is seen.
    if (wake_.wait_for(lock, std::clamp<duration>(left, 1ms, 1s),
                       [&] { return stop_; }))
      return;
  }
}

lease lease_keeper::held() const {
  const std::lock_guard lock{mutex_};
  return state_.held(config_.clock->now());
}

error lease_keeper::trouble() const {
  const std::lock_guard lock{mutex_};
  if (!held_by_.empty())
    return {errc::unavailable,
            "this node does not lead the cluster: " + holder_node(held_by_)
              + " does",
            "repeat the command at the gateway of " + holder_node(held_by_)
              + "; faas-cli nodes shows it"};
  auto known = failure_;
  known.code = errc::unavailable;
  known.message = "this controller has lost its lease: "
                  + (known.message.empty() ? "it was stopped or too slow"
                                           : known.message);
  if (known.next_step.empty())
    known.next_step = "repeat the command with its request id";
  return known;
}

} // namespace faas::registry
