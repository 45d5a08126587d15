// Processing times: a line over the number of items for each runtime, learned
// from noisy, drifting, partly missing measurements.
#pragma once

#include "libfaas/batches/types.hpp"

#include <Eigen/Core>

namespace faas::batches {

struct process_config {
  // Prior standard deviations as shares of the profile.
  double scale_sd = 0.35; ///< slope and intercept together
  double shape_sd = 0.25; ///< each of them alone
  // Drift per batch, as shares of the present line.
  double scale_drift = 0.03;
  double shape_drift = 0.01;
  double group_drift = 0.01; ///< of all runtimes of a group together
  // Scatter of one batch as a share of the line.
  double scatter = 0.1; ///< before it is learned
  double least_scatter = 0.02;
  double scatter_weight = 0.05; ///< of the latest measurement, in the long run
  double prior_weight = 8;      ///< measurements the prior scatter is worth
  double wrong_order = 0.03;    ///< chance that an order says nothing
};

/// Joint normal belief over (slope, intercept) of all runtimes; a robust Kalman
/// filter: measurement y = slope * items + intercept + v, v of Student's t with
/// a scale of `scatter` * mean (student.hpp), so that one outlier moves little.
/// An order between totals is a half-space and is met by moments (expectation
/// propagation of a probit, Minka 2001). Not thread safe.
class process_model {
public:
  explicit process_model(std::vector<runtime_spec> runtimes,
                         const process_config& config = {});

  /// A batch passes: lines may have drifted.
  void advance();
  /// False if refused: not finite, items < 0, seconds <= 0.
  bool observe(size_t runtime, double items, double seconds);
  /// `best` had a smaller total than each other runtime whose deployment is
  /// known; pairs of which both processing times are known say nothing new.
  void observe_order(size_t best, double items,
                     const std::vector<outcome>& outcomes);

  /// Expected seconds, at least a tenth of the profile's.
  double mean(size_t runtime, double items) const;
  /// Of the mean.
  double var(size_t runtime, double items) const;
  /// Of one batch around it (the scale of Student's t).
  double noise_sd(size_t runtime, double items) const;
  /// Means of all runtimes, and their covariance.
  Eigen::VectorXd means(double items) const;
  Eigen::MatrixXd covariance(double items) const;
  double scatter(size_t runtime) const;
  const process_config& config() const noexcept { return config_; }

private:
  Eigen::MatrixXd design(double items) const;
  void step(const Eigen::VectorXd& gain, double innovation, double spread);
  void order_pair(size_t best, size_t other, double items, double lead);

  std::vector<runtime_spec> runtimes_;
  process_config config_;
  Eigen::VectorXd lines_; ///< slope, intercept of each in turn
  Eigen::MatrixXd covariance_;
  std::vector<double> scatter_var_, seen_;
};

} // namespace faas::batches
