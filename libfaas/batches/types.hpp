// What a batch, a runtime and an outcome are. Times are seconds.
#pragma once

#include "libfaas/forecast/theil_sen.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace faas::batches {

/// One way to run a batch. Its place in the list of runtimes is its index.
struct runtime_spec {
  std::string name;
  bool deploys = true; ///< false: always there, no deployment, no transfer
  /// Processing time by number of items, as a profile run told it.
  forecast::straight_line profile;
  double deploy_s = 30; ///< expected before anything is known
  /// Runtimes of one group slow down together; -1: alone.
  int group = -1;
};

/// What is known of a batch before it runs.
struct batch {
  double items = 1;
  /// By runtime; false leaves the choice. Empty: all can be had.
  std::vector<bool> available;

  bool can(size_t runtime) const {
    return runtime >= available.size() || available[runtime];
  }
};

/// What one runtime took for a batch; a part that was not measured is empty.
struct outcome {
  std::optional<double> deploy_s;
  std::optional<double> process_s;
};

/// What becomes known when a batch is over.
struct feedback {
  double items = 1;
  bool exact_items = true; ///< false: `items` is a guess; no line is learned
  std::vector<outcome> runtimes;
  /// The one of the least total, where that is known and the times are not.
  std::optional<size_t> best;
};

} // namespace faas::batches
