// Two links over a simulated wire, in virtual time: delay, bandwidth, cut
// connections, stopped processes. Everything follows from the seed.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/wire/link_core.hpp"
#include "tests/unit/wire/recorder.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace faas::wire {

struct wire_profile {
  duration delay = std::chrono::milliseconds(20); ///< one way
  double bytes_per_second = 2.5e6;
  duration service = std::chrono::milliseconds(10); ///< mean
  bool echo = true; ///< replies carry the body; else they are short
};

class simulation {
public:
  simulation(uint64_t seed, wire_profile profile, link_options options = {});

  struct end {
    explicit end(link_options options) : core(options) {}
    link_core core;
    bool stopped = false; ///< SIGSTOP: takes nothing, wakes for nothing
    struct frame {
      time_point at;
      std::string bytes;
    };
    std::deque<frame> coming; ///< on the wire to this end, in order
    time_point wire_free{};   ///< until then that wire is taken
    std::multimap<time_point, std::pair<uint64_t, invocation>> running;
    time_point last_heard{};
    std::vector<std::pair<time_point, duration>> suspected;
    std::vector<time_point> revived;
    size_t most_queued = 0, most_in_flight = 0, frames = 0;
    duration longest_frame{}; ///< on the wire
  };

  /// One event from end `from` (0 or 1); its token, or 0 when the link
  /// refused it.
  uint64_t submit(int from, size_t body_bytes, duration timeout);
  /// Runs until nothing is left to do before that time; then it is that time.
  void run_until(time_point when);
  /// Both connections break; both ends learn it at once.
  void cut();
  void connect();
  void stop(int which) { ends[which].stopped = true; }
  void resume(int which);

  time_point now{std::chrono::hours(1)};
  random_source random;
  wire_profile profile;
  end ends[2];
  bool connected = false;
  std::shared_ptr<recorder> sink = std::make_shared<recorder>();
  std::vector<std::string> closes; ///< reasons; none in a sound run
  std::set<std::string> ran;       ///< ids of events that were delivered
  size_t wrongly_unsent = 0;       ///< "not sent", but it ran
  size_t ran_twice = 0;
  uint64_t tokens = 0;
  /// What happens to an event that came back; answers it by default.
  std::function<void(int from, failed_transfer&&)> on_failed;

private:
  time_point next_time() const;
  void step();
  void act(int which);
  void deliver(int which, std::string&& frame);
  void give_back(int from, std::vector<failed_transfer>&& failed);

  uint64_t ids_ = 0;
};

} // namespace faas::wire
