// Two ends of a bulk connection over a path in virtual time.
#pragma once

#include "libfaas/bulk/line.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>

namespace faas::test {

using namespace std::chrono_literals;

/// One direction: bytes leave at `rate`, in order, and arrive `delay` later.
struct pipe {
  double rate = 0; ///< bytes per second; 0: no bound
  duration delay{};
  time_point free{};
  struct piece {
    time_point at;
    std::string bytes;
  };
  std::deque<piece> on_the_way;

  /// How long the next byte will wait.
  duration queueing(time_point now) const {
    return free > now ? free - now : duration{};
  }
  void occupy(time_point now, double bytes) {
    free = std::max(free, now)
           + (rate > 0 ? std::chrono::duration_cast<duration>(
                std::chrono::duration<double>(bytes / rate))
                       : duration{});
  }
  void put(time_point now, std::string bytes) {
    occupy(now, static_cast<double>(bytes.size()));
    on_the_way.push_back({free + delay, std::move(bytes)});
  }
};

struct bulk_path {
  explicit bulk_path(double mbit = 0, duration one_way = 100us,
                     bulk::line_options with = {})
    : options(with), near(with, now), far(with, now) {
    there.rate = back.rate = mbit * 1e6 / 8;
    there.delay = back.delay = one_way;
  }

  /// Runs until `until` or until nothing will happen.
  void run(time_point until) {
    for (;;) {
      flush(near, there);
      flush(far, back);
      const auto next = std::min({near.wake_at(), far.wake_at(),
                                  first(there), first(back), tick});
      if (next > until)
        break;
      now = std::max(next, now + 1us); // what is done now takes a moment
      if (now >= tick) {
        if (each_ms)
          each_ms();
        tick = now + 1ms;
      }
      deliver(there, far, far_got);
      deliver(back, near, near_got);
    }
    now = until;
  }
  void run(duration time) { run(now + time); }

  void flush(bulk::line& from, pipe& to) {
    std::string out;
    from.write(now, 128 * 1024, out);
    if (!out.empty())
      to.put(now, std::move(out));
  }
  static time_point first(const pipe& of) {
    return of.on_the_way.empty() ? time_point::max() : of.on_the_way.front().at;
  }
  void deliver(pipe& from, bulk::line& to,
               std::vector<bulk::line::message>& got) {
    while (!from.on_the_way.empty() && from.on_the_way.front().at <= now) {
      const auto before = got.size();
      const auto good = to.read(now, from.on_the_way.front().bytes, got);
      BOOST_REQUIRE_MESSAGE(good, (good ? "" : good.error().message));
      from.on_the_way.pop_front();
      if (consumes)
        for (size_t i = before; i < got.size(); ++i)
          to.consumed(got[i].bytes.size());
    }
  }
  /// Keeps so much waiting at the near end from now on.
  void saturate() {
    each_ms = [this, before = each_ms] {
      if (before)
        before();
      while (near.waiting() < 4 * limits::mib)
        near.push(now, {bulk_topic::bundle, std::string(256 * 1024, 'b')});
      worst = std::max(worst, there.queueing(now));
      far_got.clear();
    };
  }
  double mbit_of(uint64_t bytes, duration time) const {
    return static_cast<double>(bytes) * 8e-6
           / std::chrono::duration<double>(time).count();
  }

  bulk::line_options options;
  time_point now{1h};
  bulk::line near, far;
  pipe there, back;
  std::vector<bulk::line::message> near_got, far_got;
  bool consumes = true;
  std::function<void()> each_ms;
  time_point tick{1h};
  duration worst{}; ///< queueing on the way there
};

} // namespace faas::test
