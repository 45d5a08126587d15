// How slow this node's CPU is, for this node's predictor and for others'.
#pragma once

#include "actors/predictor/probe_turns.hpp"
#include "libfaas/core/clock.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

namespace faas::actors {

/// Answers those who ask with one probe for all of them: as often as
/// probe_turns allows, and not while this node runs events, which tell more than
/// a probe. Pure but for the callbacks; not thread safe.
class cpu_speed {
public:
  using answer = std::function<void(double slowdown)>;
  /// Events that this node has taken so far; empty while one runs.
  using work = std::optional<uint64_t>;
  /// Well under silent_sites::rest: nobody is told the same probe twice.
  static constexpr auto fresh = std::chrono::milliseconds{200};
  static constexpr size_t most_waiting = 64;

  /// `request`: begins a probe whose end measured() is told of; empty: this node
  /// does not probe, and nobody is answered.
  explicit cpu_speed(std::function<void()> request = {})
    : request_(std::move(request)) {}

  /// This node's own predictor wants to know.
  void want(time_point now, work taken) {
    if (!request_ || !taken || !turns_.due(now))
      return;
    turns_.begin(now, *taken);
    request_();
  }

  /// Another router does: answered at once if it is known, else after the next
  /// probe, or never.
  void tell(answer back, time_point now, work taken) {
    if (known_ && now - known_->at < fresh)
      return back(known_->slowdown);
    if (!request_ || !taken || waiting_.size() >= most_waiting)
      return;
    waiting_.push_back(std::move(back));
    want(now, taken);
  }

  /// A probe has ended. False: it says nothing, since events ran beside it; who
  /// waits will ask again.
  bool measured(double slowdown, time_point now, work taken) {
    const auto waited = std::exchange(waiting_, {});
    if (!turns_.end(now, taken))
      return false;
    known_ = {slowdown, now};
    for (const auto& back : waited)
      back(slowdown);
    return true;
  }

private:
  struct finding {
    double slowdown = 1;
    time_point at{};
  };
  std::function<void()> request_;
  probe_turns turns_;
  std::optional<finding> known_;
  std::vector<answer> waiting_;
};

} // namespace faas::actors
