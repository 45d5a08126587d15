// The laws of sites and links, fitted to a recording.
#pragma once

#include "libfaas/forecast/theil_sen.hpp"
#include "libfaas/sim/schedule.hpp"
#include "libfaas/sim/scenario.hpp"
#include "libfaas/whatif/recording.hpp"

namespace faas::whatif {

/// Logarithms of what was measured over what the line and the level say, of one
/// function at one site, by time.
struct scatter {
  struct one {
    double at = 0, value = 0;
  };
  std::vector<one> all;
  /// One of the `near` values next in time: slow drift stays where it was.
  /// 0 when there is none.
  double draw(double at, random_source& random) const noexcept;
  static constexpr size_t near = 32;
};

/// Service of one function at one site:
/// line(size) * level(time) * exp(scatter).
struct service_fit {
  forecast::straight_line line; ///< ms over the size, over 0 at every size
  scatter rest;
  size_t measured = 0;
  double at(double size) const noexcept;
};

struct site_fit {
  std::string name;
  size_t measured = 0;           ///< events that were answered there
  size_t servers = 1;
  bool servers_known = false;    ///< false: nothing waited; at least so many
  double waited_ms = 0;          ///< mean wait as measured
  double modelled_wait_ms = 0;   ///< the same by the model, same arrivals
  sim::schedule level;           ///< of service times
  double rtt_ms = 0, ms_per_byte = 0;
  sim::schedule rtt_level;
  scatter way;                   ///< ms beyond these, not logarithms
  sim::cold_law cold;
  std::vector<sim::absence> absent;
  std::vector<service_fit> service; ///< by function
  bool local = false;
  double believed_share = 0; ///< of the time: level from the predictor's word
};

struct laws {
  std::vector<site_fit> sites;
  /// By function: what predictors begin with.
  std::vector<forecast::straight_line> profiles;
  double window_ms = 1000; ///< of the levels
};

struct fit_options {
  /// Take the predictor's word for sites with too few events, too.
  bool believe = false;
  /// The other reading of what the log leaves open: sites are as at other times
  /// when nothing ran there, and have four times the servers when nothing
  /// waited. How far answers differ between both is part of the error bar.
  bool other_reading = false;
  /// Fewer answered events than that are too few to tell a site's laws.
  size_t least_events = 30;
  std::vector<bool> dropped; ///< by site: not needed; may be empty
};

/// errc::invalid_argument when the recording is too short or a site that is
/// needed has too few events.
result<laws> fit(const recording& from, const fit_options& how = {});

/// Servers with which first come, first served explains the waits best.
struct servers_found {
  size_t servers = 1;
  bool known = false;
  double waited_ms = 0, modelled_ms = 0;
};
/// `at`: times of arrival at the site, rising.
struct visit {
  double at = 0, service = 0, waited = 0;
};
servers_found find_servers(const std::vector<visit>& visits);

} // namespace faas::whatif
