// Values that go into and come out of the predictor.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/delivery_rates.hpp"
#include "libfaas/routing/keys.hpp"
#include "libfaas/routing/network_estimator.hpp"
#include "libfaas/routing/profile.hpp"
#include "libfaas/routing/service_estimator.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace faas::routing {

struct predictor_config {
  service_config service;
  network_config network;
  /// How long an idle function stays loaded where nothing is reported.
  double keep_ms = 300'000; // until its events tell
  /// A sibling's cell is written again when its site's or link's belief has
  /// moved by this much (log domain; share of the RTT).
  double publish_step = 0.02;
  /// Routers that choose among the same sites, this one included.
  double routers = 1;
  // What experiments switch off to see what it is good for.
  bool crowding = true; ///< later events count as those that might come do
  bool reports = true; ///< what replies tell of others' events
  bool overdue = true; ///< look at events that have not returned
  bool odds = true;    ///< learn how often late events are steps; else half
  bool batches = true; ///< sites that join events are planned with batches
  bool tiers = true; ///< sites of a tier teach each other
  bool quantiles = true; ///< how far promises and intervals reach is learned
};

/// A way to a site. For sites of this node use `loopback_link()`.
struct link_spec {
  std::string name;
  network_prior prior;
};
/// Prior of a link that is no link: a function call within this node.
link_spec loopback_link();

struct site_spec {
  std::string name; ///< "edge-1/cpu"
  std::string tier; ///< "edge"; groups sites that resemble each other
  link_index link{};
  double servers = 1; ///< events it runs at the same time
};

enum class event_outcome : uint8_t {
  done,      ///< answered, all times valid
  failed,    ///< the function said so: the network is learned, not the service
  timed_out, ///< no answer within total_ms: it would have taken longer
  refused,   ///< the site's queue was full: only queue_length is learned
};

/// One ended event. L, Q, S, C of the design; all in ms.
struct observation {
  function_index function{};
  site_index site{};
  event_outcome outcome = event_outcome::done;
  double size = 1;          ///< size feature
  way_bytes bytes;          ///< request and reply
  /// What own bytes ahead of it on the link took, both ways ...
  double backlog_ms = 0;
  bool backlog_seen = false; ///< ... afterwards (link_load::crossed), not expected
  double total_ms = 0;      ///< measured by this router, from dispatch to reply
  double queue_ms = 0;      ///< these three measured and reported by the site
  double service_ms = 0;    ///< in a batch its share; the rest is in queue_ms
  double cold_ms = 0; ///< > 0: load and warm-up happened for this event
  /// Time and size of the batch that it shared; 0: it ran alone, or the site
  /// does not tell.
  double batch_ms = 0, batch_size = 0;

  bool queued = true; ///< false: answered at once, never in others' way
  uint32_t queue_length = 0; ///< at the site at completion, all routers'
  uint32_t queue_foreign = 0; ///< of these, of other functions
  uint32_t in_flight = 0; ///< own of them, see site_load::finish
  double predicted_ms = 0; ///< from the decision; 0: not predicted
  double predicted_sd = 0;
  /// Half of the 90 % interval that was learned; negative: not known.
  double predicted_reach = -1;
  time_point at{};
};

/// A version that is being brought to a site, as known at some time.
struct deployment {
  time_left bundle;      ///< until its files are there
  bool loads = true;     ///< then it has to be loaded
  bool loading = false;  ///< they are there, and it is being loaded ...
  double loading_ms = 0; ///< ... since so long
};

/// One own event that has not returned yet.
struct in_flight_event {
  function_index function{};
  site_index site{};
  double size = 1;
  double age_ms = 0;
  double predicted_ms = 0; ///< from the decision
  double predicted_sd = 0;
};

/// How good the predictions of one pair were (exponential averages over some
/// 100 events, service and total).
struct accuracy {
  uint64_t events = 0;
  double service_error = 0; ///< mean |predicted - true| / true
  double total_error = 0;   ///< same, of the whole latency
  double service_nis = 0;   ///< about 1 when consistent; alarm outside 0.3-3
  double network_nis = 0;
  double service_coverage = 0; ///< share inside 90 % by the filter's variance
  double total_coverage = 0;   ///< share inside the interval learned (reach_ms)
  double promises_kept = 0; ///< share of the last 200 or so; target 0.95
  uint64_t changes = 0; ///< steps detected (service)
  /// Events take that much longer than the site and its link account for; it
  /// counts as service. 0: the site's times are believed.
  double unexplained_ms = 0;
};

struct site_health {
  double slowdown = 1;
  double log_var = 0;
  uint64_t changes = 0;
  double unexplained_ms = 0; ///< the most of its functions', see accuracy
};

/// What two versions of a function have in common.
enum class likeness : uint8_t {
  same_work, ///< only how events are routed differs: all that was learned holds
  alike,     ///< the means may hold, as uncertain as those of another router
  loads_only ///< events are measured in another unit
};

/// Everything worth keeping over a restart, by name.
struct snapshot {
  struct link {
    std::string name;
    double rtt_ms = 0, up_ms_per_byte = 0, down_ms_per_byte = 0;
  };
  struct site {
    std::string name;
    double log_slowdown = 0;
  };
  struct pair {
    std::string function, site;
    double slope = 0, intercept = 0; ///< the reference line
    double log_slowdown = 0, log_shape = 0, log_noise = 0;
    double cold_log_mean = 0, cold_log_var = 0;
  };
  std::vector<link> links;
  std::vector<site> sites;
  std::vector<pair> pairs;
};

} // namespace faas::routing
