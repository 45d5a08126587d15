// Sample events of a bundle, run when a version is loaded: so that it is warm,
// and to know what its events take.
#pragma once

#include "libfaas/ports/runtime.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace faas::host {

/// Bounds of the sample runs of one load. The last run may end after `all`.
struct sample_limits {
  duration each = std::chrono::seconds{1}; ///< one run
  duration all = std::chrono::seconds{3};  ///< no run begins later
  uint32_t timed = 5; ///< runs of each that count, after one that does not
  /// Instances that samples may cost; fewer than what stops a version.
  uint32_t instances = 2;
};

/// One sample, read from the bundle.
struct sample {
  std::string name; ///< path of its body
  invocation event; ///< without id and times
};

/// What the runs found.
struct sample_outcome {
  std::vector<profile_point> points; ///< in the manifest's order
  std::vector<std::string> left_out; ///< "PATH: why"
  duration took{};
};

/// What the runs need of their host.
struct sample_bench {
  std::function<time_point()> now;
  std::function<bool()> stopped; ///< nobody waits for the outcome any more
  std::function<void(log_level, std::string_view, const call_id*)> log;
  std::function<result<std::unique_ptr<function_instance>>()> make_instance;
};

/// The samples of the manifest with the bodies that are in the bundle. Adds to
/// `left_out` what cannot be had. Reads files.
std::vector<sample> read_samples(const function_spec& spec,
                                 const std::filesystem::path& bundle,
                                 std::vector<std::string>& left_out);

/// Runs the samples in turn, all of them once to warm up, then each `timed`
/// times or until time is over; a point is the median. One that fails, is late
/// or costs its instance is left out. Blocks. `instance`: the one to use, or
/// null; afterwards one that can be used, or null.
sample_outcome run_samples(const std::vector<sample>& samples,
                           std::unique_ptr<function_instance>& instance,
                           const sample_bench& bench,
                           const sample_limits& limits);

/// For `describe`: what was found, in one line each.
string_map sample_facts(const sample_outcome& found, size_t wanted);

} // namespace faas::host
