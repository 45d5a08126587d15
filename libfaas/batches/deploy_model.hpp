// Deployment times: heavy-tailed, drifting, and shared in part by the runtimes
// of one cluster.
#pragma once

#include "libfaas/batches/types.hpp"
#include "libfaas/core/random.hpp"

#include <Eigen/Core>

#include <deque>

namespace faas::batches {

struct deploy_config {
  double prior_sd = 0.6;     ///< of the log of a runtime's level
  double level_drift = 0.02; ///< of it, per batch
  double scatter = 0.3;      ///< of the log, before it is learned
  double prior_weight = 10;  ///< measurements that this is worth
  double least_scatter = 0.05;
  size_t scatter_window = 60;
  double grain_s = 0.87; ///< standard deviation of a poll each 3 s
  double forget = 0.98;  ///< evidence for a model that stays, per batch
  // Shares of the variance in the cluster's load and in the runtime's own
  // state; the rest is noise. Those that leave less than 0.1 are left out.
  std::vector<double> common_shares{0, 0.3, 0.6};
  std::vector<double> own_shares{0.05, 0.3, 0.6};
  std::vector<double> persistence{0.5, 0.85, 0.96};
};

/// One draw of what the next batch may meet, by runtime.
struct deploy_draw {
  Eigen::VectorXd level; ///< of the state alone, s
  Eigen::VectorXd value; ///< with the noise of one deployment, s
};

/// ln(deploy) = level of the runtime + load of the cluster + state of the
/// runtime + noise. Load and state are autoregressive; how persistent they are
/// and how much of the scatter each explains is not known, so that a bank of
/// robust Kalman filters runs over a grid of both, weighted by how well each
/// forecast so far (multiple-model estimation, Magill 1965, with forgetting).
/// Runtimes without deployment take no time. Not thread safe.
class deploy_model {
public:
  explicit deploy_model(const std::vector<runtime_spec>& runtimes,
                        const deploy_config& config = {});

  /// A batch passes; what was measured of it, by runtime. Values that are not
  /// finite or not above 0 are left out.
  void learn(const std::vector<outcome>& outcomes);
  /// Median of the next deployment.
  double median(size_t runtime) const;
  /// Standard deviation of its logarithm (scale, without the heavy tail).
  double log_sd(size_t runtime) const;
  deploy_draw draw(random_source& random) const;

private:
  struct member {
    double common, own, persistence;
    double log_weight = 0;
    Eigen::VectorXd mean; ///< levels, load, states
    Eigen::MatrixXd covariance;
    Eigen::MatrixXd root; ///< of the covariance of the next observations
  };
  long width() const { return static_cast<long>(deploying_.size()); }
  Eigen::RowVectorXd row(long place) const;
  double noise_var(const member& of, long place) const;
  double update(member& of, long place, double log_s) const;
  void advance(member& of) const;
  void prepare(member& of) const;
  void learn_scatter();
  double weight(const member& of) const;

  deploy_config config_;
  size_t runtimes_;
  std::vector<size_t> deploying_; ///< runtime at each place
  std::vector<double> scatter_;
  std::vector<std::deque<double>> logs_;
  std::vector<member> bank_;
};

} // namespace faas::batches
