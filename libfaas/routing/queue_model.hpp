// Waiting time at a site and in front of a link, seen from one router.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

namespace faas::routing {

/// Events of other routers at a site.
struct other_load {
  double reported = 0; ///< how many there were ...
  double age_ms = 0;   ///< ... so long ago
  double usual = 0;    ///< mean over the last reports
  /// What this router has sent that was not there yet, and how many the others
  /// send meanwhile for each of these: they see what it sees, and do as it does
  /// (C3's concurrency compensation: Suresh et al., NSDI 2015, section 3.2).
  double own_since = 0, per_own = 0;
};

/// How many there are now, as far as one knows: a report says less and less of
/// a queue of later, and what remains is the usual number, which is forgotten,
/// too, when nothing is heard any more.
inline double others_now(const other_load& of) noexcept {
  constexpr double forgetting_ms = 20'000; // a report fades 40 times as fast
  double known = 0;
  if (of.reported > 0 || of.usual > 0) {
    const double kept = std::exp(-std::max(0.0, of.age_ms) / forgetting_ms);
    const double eighth = kept * kept * kept * kept * kept * kept * kept * kept;
    const double fresh = eighth * eighth * eighth * eighth * eighth;
    known = of.usual * kept + (of.reported - of.usual * kept) * fresh;
  }
  return std::max(0.0, known) + std::max(0.0, of.own_since) * of.per_own;
}

/// What they add to the wait of one more event at a site with that many servers
/// and own events: those that find an idle server delay nobody.
inline double others_wait_ms(double others, double own, double servers,
                             double service_ms) noexcept {
  const double idle = std::max(0.0, servers - own);
  const double ahead = idle > 0 ? others - idle + 1 : others;
  return std::max(0.0, ahead) * service_ms / servers;
}

/// What joining behind `ahead` events costs later ones, in service times, where
/// all events of a system might come here: the Whittle index of a station, less
/// the own n + 1. For one server, exponential times and r = `offered` (arrivals
/// of the whole system * service time, also above 1: others take the rest),
/// admitting up to n + 1 events in place of n costs so much more waiting for so
/// much more throughput that their ratio is the sum over k = 0 .. n of (n + 1 -
/// k) r^k service times, by the stationary law of M/M/1/K; k = 0 is the own part.
/// (Whittle's index for routing: Shone, Knight and Harper, "A conservative index
/// heuristic for routing problems with multiple heterogeneous service
/// facilities", Math. Meth. Oper. Res. 92, 2020.) Straight between whole numbers;
/// of more than 8 ahead no power beyond r^9 counts.
/// Bounded: at most 16 times the own part, since where everything is full nobody
/// takes the rest, and equal waits are best.
inline double crowding(double ahead, double offered) noexcept {
  constexpr double steps = 8, most = 16;
  const auto whole = static_cast<int>(std::min(ahead, steps));
  double n = ahead - whole;
  double sum = offered * n;
  for (int i = 0; i < whole; ++i) {
    n += 1;
    sum = offered * (n + sum);
  }
  return std::min(sum, most * (ahead + 1));
}

/// The same of an event that keeps the station busy for `work_ms`, behind
/// `ahead_ms` of events that do so for `usual_ms` each (0: as this one). `ahead_ms`
/// is what is known: later events are routed by what is known then.
inline double crowding_ms(double work_ms, double ahead_ms, double usual_ms,
                          double offered) noexcept {
  if (ahead_ms <= 0 || offered <= 0)
    return 0;
  const double each = usual_ms > 0 ? usual_ms : work_ms;
  if (each <= 0)
    return 0;
  constexpr double most_ahead = 1000;
  return work_ms * crowding(std::min(ahead_ms / each, most_ahead), offered);
}

/// What an event adds to the waits of later ones that come by a static split,
/// whatever is known of queues. For one server with exponential times the whole
/// cost of joining behind n others is (n + 1) / (mu - lambda) (Krishnan, "Joining
/// the right queue: a state-dependent decision rule", IEEE TAC 1990), its own part
/// (n + 1) / mu; the difference is rho / (1 - rho) of it, which is the mean number
/// of events there. `load`: that number over the servers; where more wait than a
/// load of 80 % would have, the site is not steady, and the rule says nothing.
inline double split_ms(double queue_ms, double work_ms, double load) noexcept {
  constexpr double steady = 4;
  return std::min(load, steady) * (queue_ms + work_ms);
}

/// Servers as a plan takes them.
inline constexpr double most_servers = 1e6;
inline bool sound_servers(double count) noexcept { // NaN: false
  return count >= 1 && count <= most_servers;
}
inline size_t server_count(double servers) noexcept {
  return static_cast<size_t>(std::clamp(servers, 1.0, most_servers));
}

/// One router's own work at one site with `servers` equal servers, first come
/// first served: who would be served when, from what was expected of each event
/// and from who has returned. Not thread safe: see shared_load.
class site_load {
public:
  explicit site_load(double servers = 1);

  /// From the next event or return on.
  void set_servers(double servers) noexcept {
    servers_ = server_count(servers);
  }

  /// An event was sent that arrives after `transit_ms` and is expected to take
  /// `service_ms` (prediction::transit and ::service).
  void start(double service_ms, double transit_ms, time_point now);
  /// It returned, on a way back of `back_ms`, or was given up. `service_ms` as
  /// at its start; of several with the same one, the first sent. `inside_ms`:
  /// how long it was at the site, as measured there (below 0: not known); by
  /// that those behind it are as late or as early as it was. How many of the
  /// others were at the site when it left.
  uint32_t finish(double service_ms, double back_ms, time_point now,
                  double inside_ms = -1);

  uint32_t in_flight() const noexcept {
    return static_cast<uint32_t>(open_.size()) + beyond_;
  }
  /// Time from now until a server is free for one more event; 0: one is.
  double free_in_ms(time_point now) const noexcept {
    return free_in_ms(free_ms_, least_ms_, now);
  }
  /// The same from what it keeps: when a server will be free (0: one is), and
  /// what is left at least of events that are late.
  static double free_in_ms(double free_ms, double least_ms,
                           time_point now) noexcept;
  double free_ms() const noexcept { return free_ms_; }
  double least_ms() const noexcept { return least_ms_; }

private:
  struct event {
    double expected, service; ///< arrival as predicted, ms
    double arrives;           ///< as far as is known now
    double begins;            ///< by plan
  };
  static double ms(time_point t) noexcept {
    return to_ms(t.time_since_epoch());
  }
  /// Begin and end of one more event after those planned so far.
  void plan(event& one);
  void show() noexcept;

  /// Looked at one by one; further ones only by their sum.
  static constexpr size_t most = 128;

  size_t servers_ = 1;
  std::vector<event> open_;   ///< in the order of sending
  std::vector<double> busy_;  ///< a heap: when busy servers will be free
  double since_ = 0;          ///< idle servers are, in ms
  double free_ms_ = 0, least_ms_ = 0;
  uint32_t beyond_ = 0;
  double beyond_ms_ = 0;
};

/// One router's bytes on one link, first come first served: how long those ahead
/// of the next event will take, by what was sent, the link's estimated rate, and how
/// long those took that have come back. Without the last, a rate that is believed
/// a little too low piles up bytes on a busy link that are long gone. Not thread
/// safe: see shared_link_load.
class link_load {
public:
  void send(double bytes, double ms_per_byte, time_point now);
  /// An event with that many bytes, sent then, has come back; of its way
  /// `carry_ms` were not the link's round trip: its bytes, and those ahead of
  /// them. They have all crossed. How long it waited for these, by when the last
  /// of them came back: from that the link's rate can be learned also while it is
  /// full, though what was believed when it was sent was wrong. No longer than
  /// the bytes that may have been ahead take at a quarter of the believed rate:
  /// what is beyond is no wait, but a longer way. Nothing if it is not known.
  std::optional<double> crossed(double bytes, time_point sent, double carry_ms,
                                double ms_per_byte);

  /// How long what is ahead of the next event will take.
  double backlog_ms(time_point now) const noexcept {
    return backlog_ms(free_ms_, now);
  }
  static double backlog_ms(double free_ms, time_point now) noexcept {
    return std::max(0.0, free_ms - to_ms(now.time_since_epoch()));
  }
  /// When the link will have sent all, ms on the clock of time_point.
  double free_ms() const noexcept { return free_ms_; }

private:
  struct transfer {
    double sent, bytes;
    double until; ///< bytes sent in all, with these
    double ahead; ///< bytes not known to have crossed when it was sent
  };
  struct overtaken {
    double sent, bytes;
    double waited;
  };
  std::deque<transfer>::iterator find_open(double sent_ms, double size);
  std::optional<double> overtook(double sent_ms, double bytes, double carry_ms,
                                 double rate);

  /// Of older ones it is not learned when they have crossed.
  static constexpr size_t most = 8192, most_overtaken = 1024;

  std::deque<transfer> open_; ///< nearly in the order of sending
  /// One sent after them was back before.
  std::deque<overtaken> overtaken_;
  double over_ms_ = 0;  ///< when the last one that is back had crossed
  double over_all_ = 0; ///< bytes sent until then, with it
  double all_ = 0;            ///< bytes sent
  // The last time that the link was idle: when it began again, and what had been
  // sent before.
  double idle_ms_ = 0, idle_all_ = 0;
  double free_ms_ = 0;
};

} // namespace faas::routing
