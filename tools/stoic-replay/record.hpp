// STOIC's published measurements, as a series of batches.
#pragma once

#include "libfaas/batches/types.hpp"
#include "libfaas/core/result.hpp"

#include <array>
#include <functional>
#include <string>

namespace faas::stoic {

inline constexpr size_t runtime_count = 4;
enum : size_t { edge, cpu, gpu1, gpu2 };
extern const std::array<std::string, runtime_count> runtime_names;

/// One batch that ran on every runtime. What was not published is empty.
struct measured_batch {
  int index = 0;
  double items = 0;
  bool exact_items = true; ///< false: the middle of the two possible sizes
  std::vector<batches::outcome> runtimes;
  std::array<std::optional<double>, runtime_count> total_s;
  size_t chosen = 0; ///< by the authors' scheduler
  size_t best = 0;   ///< by the authors' label
  /// Synthetic series: expected totals by one who knows the law.
  std::vector<double> informed_s;

  bool complete() const; ///< all totals and their parts are known
};

using record = std::vector<measured_batch>;
/// The text of a file by its name.
using file_reader = std::function<result<std::string>(const std::string&)>;

/// batches_feb2020.csv, sizes of batches 55 to 59 from batch_trace.csv.
result<record> read_published(const file_reader& files);
/// batches_feb2020_semisynthetic.csv; best is the least total.
result<record> read_semisynthetic(const file_reader& files);
/// Profiles of processing_profile.csv of one `kind`, and what the authors
/// expect of a deployment before any was seen.
result<std::vector<batches::runtime_spec>>
read_runtimes(const file_reader& files, const std::string& kind);
/// deployment_seconds.csv: the series of the 154 batches by runtime (edge's is
/// empty), in order.
result<std::array<std::vector<double>, runtime_count>>
read_deployments(const file_reader& files);

} // namespace faas::stoic
