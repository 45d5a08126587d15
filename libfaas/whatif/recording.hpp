// What a log of decisions says, in the form in which laws are fitted to it.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/decisions/record.hpp"

#include <string>
#include <vector>

namespace faas::whatif {

inline constexpr uint32_t no_site = ~uint32_t{0};

/// One event. Times in ms; `at` since the log's first event.
struct seen_event {
  double at = 0, size = 1, bytes = 0;
  /// Events that it stands for: 1 / probability of being logged.
  double weight = 1;
  uint32_t function = 0;
  uint32_t site = no_site;
  bool answered = false; ///< it ran to its end at `site`: the rest is known
  double latency = 0;    ///< with the attempts before, if any
  double network = 0, queue = 0, service = 0, cold = 0; ///< at `site`
};

/// What the predictor said of one site when an event was decided.
struct seen_site {
  float service = 0, network = 0; ///< ms
  bool considered = false;
};

/// A part of a node's log: the functions that are asked for.
struct recording {
  std::vector<std::string> sites, functions;
  std::vector<std::string> policies; ///< by function: the one that was logged
  std::vector<seen_event> events;    ///< by time
  std::vector<seen_site> said;       ///< one per site for each event
  uint64_t not_run = 0; ///< refused, lost, timed out or without a site
  uint64_t again = 0;   ///< tried more than once
  bool sampled = false; ///< some events are not in the log
  double length_ms = 0;

  const seen_site& said_of(size_t event, size_t site) const noexcept {
    return said[event * sites.size() + site];
  }
};

/// Attempts become events. Kept: those of `function`, or of all when it is
/// empty. errc::invalid_argument, with what to do,
/// when the log cannot be used: nothing in it, functions among different sites,
/// several policies for one function, too many that did not run, values that
/// are no numbers.
result<recording> recording_of(std::vector<decisions::record> log,
                         const std::string& function = {});

} // namespace faas::whatif
