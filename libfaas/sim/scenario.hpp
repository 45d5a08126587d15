// A world to be simulated: sites, links, functions, events, disturbances.
#pragma once

#include "libfaas/routing/site_costs.hpp"
#include "libfaas/routing/way_bytes.hpp"
#include "libfaas/sim/arrivals.hpp"
#include "libfaas/sim/law.hpp"
#include "libfaas/sim/schedule.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faas::sim {

/// The way between the gateways and a site. Bytes wait for each other (FIFO), in
/// each direction by itself.
struct link_law {
  double rtt_ms = 0.1;
  double ms_per_byte = 0, back_ms_per_byte = 0;
  double jitter_ms = 0; ///< mean of an exponential delay in each direction
  /// Share of events, in each direction, that have to be sent again: they come
  /// later by retransmit_ms().
  double loss = 0;
  schedule rtt_factor;
  schedule ms_per_byte_factor; ///< of both directions
  bool local() const noexcept { return rtt_ms < 1; }
  /// TCP's least time-out (RFC 6298 says 1 s, systems take 0.2 s) and a way.
  double retransmit_ms() const noexcept { return 200 + rtt_ms; }
};

/// Loading a function's code or model where it is not in memory.
struct cold_law {
  double load_ms = 0;
  double keep_ms = 0; ///< idle time until it leaves; 0: it does not for that
};

/// How a site joins events of one function, as Petrel's model runtime does: a
/// server takes the first that waits and those behind it that fit, and runs
/// them at once when they are `most` items, else after the window. A batch
/// takes base + item * items, times the noise of its first event.
struct batch_law {
  double most = 1;      ///< items (events' sizes); a larger event goes alone
  double window_ms = 0; ///< how long a server waits for more
  /// Work at slow-down 1; without, that of the function.
  std::optional<double> base_ms, item_ms;
  /// What an event of so many items takes of a full batch; of one that goes
  /// alone all.
  double share_ms(double base, double item, double items) const noexcept {
    const bool joins = items > 0 && items < most;
    return (joins ? base * items / most : base) + item * items;
  }
};

/// A time in which a site is gone.
struct absence {
  double from = 0, until = 0; ///< ms
  /// False: told before; what it has is finished. True: it crashes, and what it
  /// has is lost, found out when it says nothing any more, and sent again.
  bool crash = true;
  /// After it: the time until its functions are there (again), ms. Events that
  /// come meanwhile wait.
  double deploy_ms = 0;
};

struct site_law {
  std::string name, tier;
  size_t servers = 1;
  double slowdown = 1;     ///< over the functions' work: 5 is a fifth of a core
  schedule disturbance;    ///< further slow-down
  link_law link;
  cold_law cold;
  double memory_bytes = 0; ///< for functions; 0: without limit
  std::optional<batch_law> batch;
  std::vector<absence> absent; ///< rising, not overlapping
  routing::site_costs costs;
};

struct function_law {
  std::string name = "f";
  law size = law::constant(1);
  double ms_per_unit = 0, ms_fixed = 1; ///< work at slow-down 1
  bool told = true; ///< routers know these two; else by its events only
  double bytes_per_unit = 0, reply_bytes_per_unit = 0;
  routing::way_bytes bytes_of(double units) const noexcept {
    return {units * bytes_per_unit, units * reply_bytes_per_unit};
  }
  double noise = 0.08; ///< standard deviation of the log of service times
  bool memoryless = false; ///< in place of that: service times are exponential
  double outlier_share = 0, outlier_factor = 1;
  double memory_bytes = 0;       ///< of its code or model, at each site
  std::optional<double> cold_ms; ///< loading it; without, as the site says
  law deadline_ms = law::constant(0); ///< after the event was sent; 0: none
  /// Name of the function that may answer in its place; empty: none.
  std::string lighter;
};

/// What one event meets at one site, in place of the laws.
struct site_draw {
  float work = 1;     ///< ms there, before the site's slow-down
  float extra_ms = 0; ///< beyond the link's round trip, both ways; any sign
};

/// Events that are known one by one: those of a log (libfaas/whatif).
struct given_events {
  struct event {
    double at = 0, size = 1, bytes = 0;
  };
  std::vector<event> events;    ///< by time
  std::vector<site_draw> draws; ///< one per site for each event
};

/// Events of one function at one gateway.
struct traffic {
  static constexpr size_t any = ~size_t{0};
  size_t function = 0, gateway = 0;
  /// `any`, or a site where all of it goes: load that no policy and no gateway
  /// has to do with, not in the figures.
  size_t only = any;
  /// Makes its arrivals anew for each run.
  std::function<std::unique_ptr<arrivals>()> source;
  /// In place of the source and of the function's laws; null: not.
  std::shared_ptr<const given_events> given = nullptr;
};

struct scenario {
  std::string name;
  std::vector<site_law> sites;
  std::vector<function_law> functions;
  std::vector<traffic> events;
  size_t gateways = 1;
  double length_ms = 120'000;
  double warm_up_ms = 0;        ///< not in the figures
  double probe_every_ms = 0;    ///< CPU probes of the sites; 0: none
  double ping_every_ms = 1000;  ///< keep-alives of links; 0: none
  double tick_every_ms = 50;    ///< looks at what is in flight
  double probe_noise = 0.1;
  /// Silence after which a site that has work is taken as gone: max of this and
  /// four round trips.
  double suspect_ms = 250;
  /// Sites do not begin an event whose deadline has passed.
  bool drop_late = false;
};

} // namespace faas::sim
