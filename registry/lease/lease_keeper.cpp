#include "registry/lease/lease_keeper.hpp"

#include <utility>

namespace faas::registry {

using namespace std::chrono_literals;

lease_keeper::lease_keeper(lease_keeper_config config)
  : config_(std::move(config)), state_(config_.terms), random_(config_.seed) {}

lease_keeper::~lease_keeper() {
  {
    const std::lock_guard lock{mutex_};
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable())
    thread_.join();
  if (const auto last = held(); last.token != 0)
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
  held_by_.clear();
  if (!answer)
    return away(answer.error());
  back();
  if (answer->granted) {
    state_.granted(asked, std::move(*answer->granted));
    led_ = true;
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
  if (what != leadership::step::wait)
    carry_out(what);
}

result<void> lease_keeper::acquire(duration patience,
                                   const std::function<bool()>& stop) {
  auto reached = config_.clock->now();
  std::string told;
  while (!stop()) {
    step();
    std::unique_lock lock{mutex_};
    const auto now = config_.clock->now();
    if (state_.leads(now)) {
      thread_ = std::thread{[this] { run(); }};
      return {};
    }
    if (!held_by_.empty())
      reached = now;
    else if (now - reached > patience)
      return failure_;
    if (!held_by_.empty() && held_by_ != told) {
      told = held_by_;
      note("standby: " + told + " has the lease; waiting for it");
    }
    wake_.wait_for(lock, std::min<duration>(
                           100ms, std::max<duration>(state_.next() - now,
                                                     1ms)));
  }
  return error{errc::cancelled, "stopped while waiting for the lease"};
}

void lease_keeper::run() {
  for (;;) {
    step();
    std::unique_lock lock{mutex_};
    if (led_ && !told_ && !held_by_.empty()) {
      told_ = true;
      if (config_.on_lost)
        config_.on_lost(held_by_);
    }
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
            "this controller does not lead: " + held_by_ + " has the lease",
            "repeat the command there"};
  auto known = failure_;
  known.code = errc::unavailable;
  known.message = "this controller has lost its lease: "
                  + (known.message.empty() ? "it was stopped or too slow"
                                           : known.message);
  return known;
}

} // namespace faas::registry
