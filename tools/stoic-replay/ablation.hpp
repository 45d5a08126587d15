// The predictors alone, part by part (papers: E3).
#pragma once

#include "tools/stoic-replay/record.hpp"

namespace faas::stoic {

/// Errors of one-step forecasts of a deployment series, from `from` on.
struct series_errors {
  std::string forecast;
  std::array<double, runtime_count> mean_abs_s{}; ///< edge: none
  std::array<double, runtime_count> median_abs_s{};
};
/// All forecasts over the series of the record; the joint model sees all three
/// series, each other forecast one.
std::vector<series_errors>
ablate_deployments(const record& of,
                   const std::vector<batches::runtime_spec>& runtimes,
                   size_t from = 10);

/// Relative errors of a line over ten runs, of which `outliers` took three
/// times as long, at 35 and 120 items; the mean over `trials` draws and all
/// runtimes.
struct line_errors {
  std::string method;
  double at_35 = 0, at_120 = 0;
};
std::vector<line_errors>
ablate_lines(const std::vector<batches::runtime_spec>& runtimes, int outliers,
             uint64_t seed, int trials = 500);

} // namespace faas::stoic
