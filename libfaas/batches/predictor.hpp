// What a batch would take on each runtime: transfer, deployment, processing.
#pragma once

#include "libfaas/batches/deploy_model.hpp"
#include "libfaas/batches/process_model.hpp"

namespace faas::batches {

/// A time in seconds and how far off it may be (one standard deviation of the
/// normal core; single batches have heavier tails).
struct part {
  double expected_s = 0;
  double sd_s = 0;
};

struct prediction {
  part transfer, deploy, process, total;
};

/// Size over bandwidth; a runtime without deployment is local and needs none.
struct transfer_config {
  bool counted = true;           ///< false: totals leave transfer out
  double mbyte_per_item = 0.212; ///< STOIC's camera images
  double mbit_per_s = 70.7916;   ///< before the first sample
};

struct predictor_config {
  process_config process;
  deploy_config deploy;
  transfer_config transfer;
};

/// Totals that one batch may meet: [draw][runtime], with their parts.
struct scenario_draw {
  std::vector<double> level_s; ///< total without the scatter of one batch
  std::vector<double> deploy_s;
  std::vector<double> process_s; ///< transfer is in here
  double total(size_t runtime) const {
    return deploy_s[runtime] + process_s[runtime];
  }
};

/// The three parts of each runtime, predicted apart and learned from feedback.
/// All runtimes in one object, because their deployments share the cluster's
/// load and their processing may slow down together. Not thread safe.
class batch_predictor {
public:
  explicit batch_predictor(std::vector<runtime_spec> runtimes,
                           const predictor_config& config = {});

  std::vector<prediction> predict(double items) const;
  std::vector<scenario_draw> draw(double items, size_t count,
                                  random_source& random) const;
  /// A batch is over. What is not finite or not positive is left out.
  void learn(const feedback& of);
  /// The last bandwidth sample counts; zero, negative or not finite: refused.
  bool observe_bandwidth(double mbit_per_s);

  const std::vector<runtime_spec>& runtimes() const noexcept {
    return runtimes_;
  }
  const process_model& process() const noexcept { return process_; }
  const deploy_model& deploy() const noexcept { return deploy_; }

private:
  double transfer_s(size_t runtime, double items) const;

  std::vector<runtime_spec> runtimes_;
  transfer_config transfer_;
  process_model process_;
  deploy_model deploy_;
};

} // namespace faas::batches
