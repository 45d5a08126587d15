#include "libfaas/batches/deploy_model.hpp"

#include "libfaas/batches/student.hpp"
#include "libfaas/forecast/theil_sen.hpp"

#include <Eigen/Cholesky>

#include <algorithm>
#include <cmath>

namespace faas::batches {
namespace {

/// No draw is further from its level than this factor's logarithm (12): the
/// mean of a log-t would be infinite.
constexpr double most_log = 2.5;

/// Median absolute deviation, scaled to the standard deviation of a normal.
double robust_sd(const std::deque<double>& values) {
  std::vector<double> copy{values.begin(), values.end()};
  const double centre = forecast::median(copy);
  for (auto& value : copy)
    value = std::abs(value - centre);
  return 1.4826 * forecast::median(copy);
}

} // namespace

deploy_model::deploy_model(const std::vector<runtime_spec>& runtimes,
                           const deploy_config& config)
  : config_(config), runtimes_(runtimes.size()) {
  for (size_t r = 0; r < runtimes.size(); ++r)
    if (runtimes[r].deploys)
      deploying_.push_back(r);
  scatter_.assign(deploying_.size(), config.scatter);
  logs_.resize(deploying_.size());
  const long n = width(), size = 2 * n + 1;
  for (const double common : config.common_shares)
    for (const double own : config.own_shares)
      for (const double persistence : config.persistence) {
        if (common + own > 0.9)
          continue;
        member made{common,
                    own,
                    persistence,
                    0,
                    Eigen::VectorXd::Zero(size),
                    Eigen::MatrixXd::Zero(size, size),
                    {}};
        for (long i = 0; i < n; ++i) {
          const auto& of = runtimes[deploying_[static_cast<size_t>(i)]];
          made.mean(i) = std::log(of.deploy_s);
          made.covariance(i, i) = config.prior_sd * config.prior_sd;
          made.covariance(n + 1 + i, n + 1 + i)
            = own * config.scatter * config.scatter;
        }
        made.covariance(n, n) = common;
        prepare(made);
        bank_.push_back(std::move(made));
      }
}

Eigen::RowVectorXd deploy_model::row(long place) const {
  const long n = width();
  Eigen::RowVectorXd h = Eigen::RowVectorXd::Zero(2 * n + 1);
  h(place) = 1;
  h(n) = scatter_[static_cast<size_t>(place)];
  h(n + 1 + place) = 1;
  return h;
}

double deploy_model::noise_var(const member& of, long place) const {
  const double scatter = scatter_[static_cast<size_t>(place)];
  const double grain = config_.grain_s / std::exp(row(place).dot(of.mean));
  return (1 - of.common - of.own) * scatter * scatter
         + std::min(grain * grain, 0.25);
}

double deploy_model::update(member& of, long place, double log_s) const {
  const auto h = row(place);
  const Eigen::VectorXd gain = of.covariance * h.transpose();
  const double nu = log_s - h.dot(of.mean);
  const double spread = h.dot(gain) + noise_var(of, place);
  const double evidence = tail_log_density(nu, spread);
  const double weight = tail_weight(nu, spread);
  of.mean += gain * (nu * weight / spread);
  of.covariance -= gain * gain.transpose() * (weight / spread);
  return evidence;
}

void deploy_model::advance(member& of) const {
  const long n = width();
  const double phi = of.persistence, fresh = 1 - phi * phi;
  Eigen::VectorXd keep = Eigen::VectorXd::Constant(2 * n + 1, phi);
  keep.head(n).setOnes();
  of.mean = of.mean.cwiseProduct(keep);
  of.covariance
    = (keep.asDiagonal() * of.covariance * keep.asDiagonal()).eval();
  of.covariance(n, n) += fresh * of.common;
  for (long i = 0; i < n; ++i) {
    const double scatter = scatter_[static_cast<size_t>(i)];
    of.covariance(i, i) += config_.level_drift * config_.level_drift;
    of.covariance(n + 1 + i, n + 1 + i) += fresh * of.own * scatter * scatter;
  }
}

void deploy_model::prepare(member& of) const {
  const long n = width();
  Eigen::MatrixXd rows(n, 2 * n + 1);
  for (long i = 0; i < n; ++i)
    rows.row(i) = row(i);
  Eigen::MatrixXd next = rows * of.covariance * rows.transpose();
  next.diagonal().array() += 1e-9;
  of.root = next.llt().matrixL();
}

void deploy_model::learn_scatter() {
  for (size_t i = 0; i < logs_.size(); ++i) {
    const auto count = static_cast<double>(logs_[i].size());
    if (count < 3)
      continue;
    const double seen = robust_sd(logs_[i]), prior = config_.scatter;
    const double mixed
      = (config_.prior_weight * prior * prior + count * seen * seen)
        / (config_.prior_weight + count);
    scatter_[i] = std::max(std::sqrt(mixed), config_.least_scatter);
  }
}

void deploy_model::learn(const std::vector<outcome>& outcomes) {
  for (auto& of : bank_)
    of.log_weight *= config_.forget;
  for (long i = 0; i < width(); ++i) {
    const auto runtime = deploying_[static_cast<size_t>(i)];
    const auto value
      = runtime < outcomes.size() ? outcomes[runtime].deploy_s : std::nullopt;
    if (!value || !std::isfinite(*value) || *value <= 0)
      continue;
    for (auto& of : bank_)
      of.log_weight += update(of, i, std::log(*value));
    auto& log = logs_[static_cast<size_t>(i)];
    log.push_back(std::log(*value));
    if (log.size() > config_.scatter_window)
      log.pop_front();
  }
  double most = bank_.front().log_weight;
  for (const auto& of : bank_)
    most = std::max(most, of.log_weight);
  learn_scatter();
  for (auto& of : bank_) {
    of.log_weight -= most;
    advance(of);
    prepare(of);
  }
}

double deploy_model::weight(const member& of) const {
  double sum = 0;
  for (const auto& other : bank_)
    sum += std::exp(other.log_weight);
  return std::exp(of.log_weight) / sum;
}

double deploy_model::median(size_t runtime) const {
  double log_s = 0;
  for (long i = 0; i < width(); ++i)
    if (deploying_[static_cast<size_t>(i)] == runtime) {
      for (const auto& of : bank_)
        log_s += weight(of) * row(i).dot(of.mean);
      return std::exp(log_s);
    }
  return 0;
}

double deploy_model::log_sd(size_t runtime) const {
  double mean = 0, square = 0;
  for (long i = 0; i < width(); ++i)
    if (deploying_[static_cast<size_t>(i)] == runtime)
      for (const auto& of : bank_) {
        const auto h = row(i);
        const double here = h.dot(of.mean), share = weight(of);
        mean += share * here;
        square += share
                  * (here * here + h.dot(of.covariance * h.transpose())
                     + noise_var(of, i));
      }
  return std::sqrt(std::max(0.0, square - mean * mean));
}

deploy_draw deploy_model::draw(random_source& random) const {
  double sum = 0;
  for (const auto& of : bank_)
    sum += std::exp(of.log_weight);
  double left = random.uniform() * sum;
  size_t chosen = 0;
  while (chosen + 1 < bank_.size()
         && (left -= std::exp(bank_[chosen].log_weight)) > 0)
    ++chosen;
  const auto& of = bank_[chosen];
  Eigen::VectorXd standard(width());
  for (long i = 0; i < width(); ++i)
    standard(i) = random.normal();
  const Eigen::VectorXd shift = of.root * standard;
  deploy_draw out{Eigen::VectorXd::Zero(static_cast<long>(runtimes_)),
                  Eigen::VectorXd::Zero(static_cast<long>(runtimes_))};
  for (long i = 0; i < width(); ++i) {
    const double log_s = row(i).dot(of.mean) + shift(i);
    const auto at = static_cast<long>(deploying_[static_cast<size_t>(i)]);
    out.level(at) = std::exp(log_s);
    out.value(at)
      = std::exp(log_s
                 + std::clamp(std::sqrt(noise_var(of, i)) * draw_tail(random),
                              -most_log, most_log));
  }
  return out;
}

} // namespace faas::batches
