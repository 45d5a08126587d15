#include "libfaas/batches/predictor.hpp"

#include "libfaas/batches/student.hpp"

#include <Eigen/Cholesky>

#include <cmath>

namespace faas::batches {

batch_predictor::batch_predictor(std::vector<runtime_spec> runtimes,
                                 const predictor_config& config)
  : runtimes_(std::move(runtimes)), transfer_(config.transfer),
    process_(runtimes_, config.process), deploy_(runtimes_, config.deploy) {}

double batch_predictor::transfer_s(size_t runtime, double items) const {
  if (!transfer_.counted || !runtimes_[runtime].deploys)
    return 0;
  return items * transfer_.mbyte_per_item * 8 / transfer_.mbit_per_s;
}

bool batch_predictor::observe_bandwidth(double mbit_per_s) {
  if (!std::isfinite(mbit_per_s) || mbit_per_s <= 0)
    return false;
  transfer_.mbit_per_s = mbit_per_s;
  return true;
}

std::vector<prediction> batch_predictor::predict(double items) const {
  std::vector<prediction> all;
  for (size_t r = 0; r < runtimes_.size(); ++r) {
    prediction of;
    of.transfer = {transfer_s(r, items), 0};
    const double deploy = deploy_.median(r);
    of.deploy = {deploy, deploy * deploy_.log_sd(r)};
    of.process
      = {process_.mean(r, items), std::hypot(std::sqrt(process_.var(r, items)),
                                             process_.noise_sd(r, items))};
    of.total = {of.transfer.expected_s + deploy + of.process.expected_s,
                std::hypot(of.deploy.sd_s, of.process.sd_s)};
    all.push_back(of);
  }
  return all;
}

std::vector<scenario_draw> batch_predictor::draw(double items, size_t count,
                                                 random_source& random) const {
  const auto means = process_.means(items);
  Eigen::MatrixXd covariance = process_.covariance(items);
  covariance.diagonal().array() += 1e-9;
  const Eigen::MatrixXd root = covariance.llt().matrixL();
  std::vector<scenario_draw> all(count);
  Eigen::VectorXd standard(means.size());
  for (auto& one : all) {
    const auto deploy = deploy_.draw(random);
    for (long r = 0; r < standard.size(); ++r)
      standard(r) = random.normal();
    const Eigen::VectorXd lines = means + root * standard;
    for (size_t r = 0; r < runtimes_.size(); ++r) {
      const auto at = static_cast<long>(r);
      const double least = means(at) / 10, moved = transfer_s(r, items);
      const double line = std::max(lines(at), least) + moved;
      const double noise = process_.noise_sd(r, items) * draw_tail(random);
      one.level_s.push_back(deploy.level(at) + line);
      one.deploy_s.push_back(deploy.value(at));
      one.process_s.push_back(std::max(line + noise, least + moved));
    }
  }
  return all;
}

void batch_predictor::learn(const feedback& of) {
  deploy_.learn(of.runtimes);
  if (of.exact_items) {
    for (size_t r = 0; r < of.runtimes.size(); ++r)
      if (of.runtimes[r].process_s)
        process_.observe(r, of.items, *of.runtimes[r].process_s);
    if (of.best)
      process_.observe_order(*of.best, of.items, of.runtimes);
  }
  process_.advance();
}

} // namespace faas::batches
