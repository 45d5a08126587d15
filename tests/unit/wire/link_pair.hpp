// Two link cores joined without delay, for tests that need no time.
#pragma once

#include "libfaas/wire/codec.hpp"
#include "libfaas/wire/link_core.hpp"
#include "tests/unit/wire/recorder.hpp"

#include <string>
#include <vector>

namespace faas::wire {

inline constexpr time_point test_start{std::chrono::hours(1)};

/// One end and what came out of it.
struct link_end {
  explicit link_end(link_options options = {}) : core(options) {}

  /// Takes the effects; frames are returned, the rest is kept.
  std::vector<std::string> turn(time_point now) {
    std::vector<std::string> frames;
    for (auto& effect : core.take_effects(now)) {
      if (auto* frame = std::get_if<send_frame>(&effect))
        frames.push_back(std::move(frame->bytes));
      else if (auto* event = std::get_if<deliver_event>(&effect))
        events.push_back(std::move(*event));
      else if (auto* control = std::get_if<deliver_control>(&effect))
        controls.push_back(std::move(control->what));
      else if (auto* cancelled = std::get_if<cancel_event>(&effect))
        cancels.push_back(cancelled->ticket);
      else if (auto* closed = std::get_if<close_link>(&effect))
        closes.push_back(closed->reason);
      else
        others.push_back(std::move(effect));
    }
    return frames;
  }
  template <class T>
  size_t count() const {
    size_t n = 0;
    for (const auto& effect : others)
      n += std::holds_alternative<T>(effect) ? 1 : 0;
    return n;
  }

  link_core core;
  std::vector<deliver_event> events;
  std::vector<message> controls;
  std::vector<uint64_t> cancels;
  std::vector<std::string> closes;
  std::vector<link_effect> others;
};

struct link_pair {
  explicit link_pair(link_options near_options = {},
                     link_options far_options = {})
    : near(near_options), far(far_options) {
    near.core.peer_connected(now, {});
    far.core.peer_connected(now, {});
  }

  /// An event with 50 s left.
  invocation event(std::string body = "body", std::string name = "hello") {
    invocation made;
    made.id = {1, ++ids};
    made.function = function_name{std::move(name)};
    made.headers = {{"X-Test", "yes"}};
    made.body = blob{std::move(body)};
    made.deadline = now + std::chrono::seconds(50);
    made.size = 3.5;
    return made;
  }
  completion done() { return {sink, ++tokens}; }
  /// The token of the event is the value of `tokens` afterwards.
  result<uint64_t> submit(std::string body = "body") {
    return near.core.submit(now, event(std::move(body)), done());
  }
  /// All frames that near writes now.
  std::vector<std::string> written() { return near.turn(now); }

  /// Exchanges frames until both are quiet.
  void exchange() {
    for (auto moved = true; moved;) {
      moved = false;
      for (auto* end : {&near, &far}) {
        auto& other = end == &near ? far : near;
        for (const auto& frame : end->turn(now)) {
          other.core.frame_received(now, frame);
          moved = true;
        }
      }
    }
  }
  /// Lets the time pass for both, waking them as their owners would.
  void pass(duration time, bool connected = true) {
    const auto end = now + time;
    for (;;) {
      now = std::max(now,
                     std::min({end, near.core.wake_at(), far.core.wake_at()}));
      for (auto* each : {&near, &far})
        if (each->core.wake_at() <= now)
          each->core.tick(now);
      if (connected)
        exchange();
      else
        (void)near.turn(now), (void)far.turn(now);
      if (now >= end)
        return;
      now += std::chrono::microseconds(1);
    }
  }
  /// far answers everything that it was given.
  void answer_all() {
    for (auto& got : std::exchange(far.events, {})) {
      reply answer;
      answer.body = got.event.body;
      answer.site = "far/cpu";
      answer.started = true;
      far.core.reply_ready(now, got.ticket, std::move(answer));
    }
  }

  time_point now = test_start;
  link_end near, far;
  std::shared_ptr<recorder> sink = std::make_shared<recorder>();
  uint64_t ids = 0, tokens = 0;
};

} // namespace faas::wire
