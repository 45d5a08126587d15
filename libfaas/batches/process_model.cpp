#include "libfaas/batches/process_model.hpp"

#include "libfaas/batches/student.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace faas::batches {
namespace {

double normal_density(double z) {
  return std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
}

double normal_share(double z) {
  return std::erfc(-z / std::numbers::sqrt2) / 2;
}

} // namespace

process_model::process_model(std::vector<runtime_spec> runtimes,
                             const process_config& config)
  : runtimes_(std::move(runtimes)), config_(config) {
  const auto size = static_cast<long>(2 * runtimes_.size());
  lines_ = Eigen::VectorXd::Zero(size);
  covariance_ = Eigen::MatrixXd::Zero(size, size);
  const double scale = config.scale_sd * config.scale_sd;
  const double shape = config.shape_sd * config.shape_sd;
  for (long r = 0; r < size / 2; ++r) {
    const auto& profile = runtimes_[static_cast<size_t>(r)].profile;
    const Eigen::Vector2d line{profile.slope, profile.intercept};
    lines_.segment<2>(2 * r) = line;
    Eigen::Matrix2d own = scale * line * line.transpose();
    own.diagonal() += shape * line.cwiseAbs2();
    covariance_.block<2, 2>(2 * r, 2 * r) = own;
  }
  scatter_var_.assign(runtimes_.size(), config.scatter * config.scatter);
  seen_.assign(runtimes_.size(), config.prior_weight);
}

void process_model::advance() {
  const auto square = [](double x) { return x * x; };
  const auto count = static_cast<long>(runtimes_.size());
  for (long r = 0; r < count; ++r) {
    const Eigen::Vector2d line = lines_.segment<2>(2 * r);
    auto own = covariance_.block<2, 2>(2 * r, 2 * r);
    own += square(config_.scale_drift) * line * line.transpose();
    own.diagonal() += square(config_.shape_drift) * line.cwiseAbs2();
    const int group = runtimes_[static_cast<size_t>(r)].group;
    for (long q = 0; q < count; ++q)
      if (group >= 0 && runtimes_[static_cast<size_t>(q)].group == group)
        covariance_.block<2, 2>(2 * r, 2 * q)
          += square(config_.group_drift) * line
             * lines_.segment<2>(2 * q).transpose();
  }
}

Eigen::MatrixXd process_model::design(double items) const {
  const auto count = static_cast<long>(runtimes_.size());
  Eigen::MatrixXd rows = Eigen::MatrixXd::Zero(count, 2 * count);
  for (long r = 0; r < count; ++r) {
    rows(r, 2 * r) = items;
    rows(r, 2 * r + 1) = 1;
  }
  return rows;
}

double process_model::mean(size_t runtime, double items) const {
  const auto at = static_cast<long>(2 * runtime);
  const double least = runtimes_[runtime].profile.at(items) / 10;
  return std::max(lines_(at) * items + lines_(at + 1), least);
}

double process_model::var(size_t runtime, double items) const {
  const auto at = static_cast<long>(2 * runtime);
  const Eigen::Vector2d h{items, 1};
  return h.dot(covariance_.block<2, 2>(at, at) * h);
}

double process_model::scatter(size_t runtime) const {
  return std::sqrt(scatter_var_[runtime]);
}

double process_model::noise_sd(size_t runtime, double items) const {
  return scatter(runtime) * mean(runtime, items);
}

Eigen::VectorXd process_model::means(double items) const {
  Eigen::VectorXd all(static_cast<long>(runtimes_.size()));
  for (size_t r = 0; r < runtimes_.size(); ++r)
    all(static_cast<long>(r)) = mean(r, items);
  return all;
}

Eigen::MatrixXd process_model::covariance(double items) const {
  const auto rows = design(items);
  return rows * covariance_ * rows.transpose();
}

void process_model::step(const Eigen::VectorXd& gain, double innovation,
                         double spread) {
  lines_ += gain / spread * innovation;
  covariance_ -= gain * gain.transpose() / spread;
}

bool process_model::observe(size_t runtime, double items, double seconds) {
  if (!std::isfinite(items) || !std::isfinite(seconds) || items < 0
      || seconds <= 0 || runtime >= runtimes_.size())
    return false;
  const auto row = design(items).row(static_cast<long>(runtime)).eval();
  const double expected = mean(runtime, items);
  const double nu = seconds - expected;
  const double known = var(runtime, items);
  const double noise = std::pow(noise_sd(runtime, items), 2);
  const double spread = known + noise;
  const double weight = tail_weight(nu, spread);
  const Eigen::VectorXd gain = covariance_ * row.transpose();
  step(gain, nu, spread / weight);
  // Scatter: as far as the error is not explained by what was not known.
  const double seen = std::max(0.0, std::min(nu * nu, 9 * spread) - known)
                      / expected / expected;
  const double share
    = std::max(config_.scatter_weight, 1 / (1 + seen_[runtime]));
  ++seen_[runtime];
  auto& scatter = scatter_var_[runtime];
  scatter += share * (seen - scatter);
  scatter = std::max(scatter, config_.least_scatter * config_.least_scatter);
  return true;
}

void process_model::order_pair(size_t best, size_t other, double items,
                               double lead) {
  const auto rows = design(items);
  const Eigen::VectorXd difference
    = (rows.row(static_cast<long>(best)) - rows.row(static_cast<long>(other)))
        .transpose();
  const Eigen::VectorXd gain = covariance_ * difference;
  const double noise
    = std::pow(noise_sd(best, items), 2) + std::pow(noise_sd(other, items), 2);
  const double spread = difference.dot(gain) + noise;
  const double sd = std::sqrt(spread);
  const double alpha = -(difference.dot(lines_) + lead) / sd;
  const double wrong = config_.wrong_order;
  const double density = (1 - 2 * wrong) * normal_density(alpha);
  const double slope
    = density / (wrong + (1 - 2 * wrong) * normal_share(alpha));
  lines_ -= gain / sd * slope;
  const double shrink = std::max(0.0, slope * (slope + alpha));
  covariance_ -= gain * gain.transpose() / spread * shrink;
}

void process_model::observe_order(size_t best, double items,
                                  const std::vector<outcome>& outcomes) {
  const auto deploy = [&](size_t r) -> std::optional<double> {
    if (!runtimes_[r].deploys)
      return 0.0;
    return r < outcomes.size() ? outcomes[r].deploy_s : std::nullopt;
  };
  const auto measured = [&](size_t r) {
    return r < outcomes.size() && outcomes[r].process_s.has_value();
  };
  if (best >= runtimes_.size() || !deploy(best) || !std::isfinite(items)
      || items < 0)
    return;
  for (size_t r = 0; r < runtimes_.size(); ++r)
    if (r != best && deploy(r) && !(measured(r) && measured(best)))
      order_pair(best, r, items, *deploy(best) - *deploy(r));
}

} // namespace faas::batches
