// What would have happened, and how far to trust it.
#pragma once

#include "libfaas/whatif/world_of.hpp"

#include <array>
#include <optional>

namespace faas::whatif {

inline constexpr std::array<const char*, 4> figure_names{"mean", "p50", "p95",
                                                         "p99"};
/// Mean, median, p95, p99 of latencies, ms.
using figures = std::array<double, 4>;

/// Those of weighted values; all 0 without any.
figures figures_of(std::vector<std::pair<double, double>> values_and_weights);

struct interval {
  double mean = 0, low = 0, high = 0;
};

/// The world as it was, played under the logged policy.
struct own_error {
  figures recorded{}, played{}; ///< played: geometric mean over the seeds
  std::vector<double> recorded_shares, played_shares; ///< by site
  /// |ln(played / recorded)|: what the model is off by.
  figures off{};
  /// Of a sample: 1.96 standard deviations of ln(recorded), as far as events
  /// that are not in the log can move it (bootstrap over blocks).
  figures unseen{};
};

/// The changed world under one policy.
struct answer {
  std::string policy;
  figures played{};
  /// recorded * played / played as it was; the interval is exp of +- (the
  /// model's own error + what the other reading of the log makes + 1.96
  /// standard deviations over the seeds, and of what a sample did not see, and
  /// 1.5 % at least).
  std::array<interval, 4> would_be{};
  figures open{}; ///< |ln| of the ratio between both readings of the log
  std::vector<std::string> sites;
  std::vector<double> shares; ///< by site
  double events_per_second = 0;
  double again = 0; ///< share sent again, its site being lost
};

struct play_options {
  double warm_up_ms = -1; ///< not in the figures; < 0: a tenth, at most 60 s
  int seeds = 10;
  uint64_t first_seed = 1;
};

struct findings {
  double warm_up_ms = 0;
  own_error own;
  std::vector<answer> answers; ///< by policy
};

/// Both readings of a recording.
struct readings {
  laws first, other;
};
result<readings> fit_both(const recording& from, const fit_options& how = {});

/// Plays the recording as it was and as it is asked for, once per seed, under
/// each policy ("" : the logged one). errc::invalid_argument for what cannot be
/// played.
result<findings> what_if(const recording& from, const readings& known,
                         const change& asked,
                         const std::vector<std::string>& policies,
                         const play_options& how = {});

} // namespace faas::whatif
