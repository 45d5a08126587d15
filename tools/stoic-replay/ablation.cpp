#include "tools/stoic-replay/ablation.hpp"

#include "libfaas/batches/deploy_model.hpp"
#include "libfaas/forecast/lines.hpp"
#include "libfaas/forecast/series.hpp"

#include <cmath>

namespace faas::stoic {
namespace {

using namespace forecast;

/// Absolute one-step errors over one series.
template <class Forecast>
std::vector<double> errors_of(Forecast by, const std::vector<double>& series,
                              size_t from) {
  std::vector<double> errors;
  for (size_t i = 0; i < series.size(); ++i) {
    const auto said = by.predict();
    if (i >= from && said)
      errors.push_back(std::abs(*said - series[i]));
    by.add(series[i]);
  }
  return errors;
}

void put(series_errors& into, size_t runtime, std::vector<double> errors) {
  if (errors.empty())
    return;
  double sum = 0;
  for (const auto e : errors)
    sum += e;
  into.mean_abs_s[runtime] = sum / static_cast<double>(errors.size());
  into.median_abs_s[runtime] = median(errors);
}

std::vector<double> series_of(const record& of, size_t runtime) {
  std::vector<double> all;
  for (const auto& one : of)
    if (one.runtimes[runtime].deploy_s && *one.runtimes[runtime].deploy_s > 0)
      all.push_back(*one.runtimes[runtime].deploy_s);
  return all;
}

template <class Forecast>
series_errors row(const char* name, const record& of, size_t from,
                  const Forecast& by) {
  series_errors made{name, {}, {}};
  for (const size_t r : {cpu, gpu1, gpu2})
    put(made, r, errors_of(by, series_of(of, r), from));
  return made;
}

series_errors joint_row(const record& of,
                        const std::vector<batches::runtime_spec>& runtimes,
                        size_t from) {
  series_errors made{"Petrel's joint filter bank", {}, {}};
  batches::deploy_model model{runtimes};
  std::array<std::vector<double>, runtime_count> errors;
  std::array<size_t, runtime_count> seen{};
  for (const auto& one : of) {
    for (const size_t r : {cpu, gpu1, gpu2}) {
      const auto& took = one.runtimes[r].deploy_s;
      if (took && *took > 0 && seen[r]++ >= from)
        errors[r].push_back(std::abs(model.median(r) - *took));
    }
    model.learn(one.runtimes);
  }
  for (const size_t r : {cpu, gpu1, gpu2})
    put(made, r, errors[r]);
  return made;
}

double relative_error(line_window& by, straight_line truth, double items) {
  return std::abs(by.predict(items) / truth.at(items) - 1);
}

} // namespace

std::vector<series_errors>
ablate_deployments(const record& of,
                   const std::vector<batches::runtime_spec>& runtimes,
                   size_t from) {
  std::vector<series_errors> all;
  const auto add = [&](const char* name, const auto& by) {
    all.push_back(row(name, of, from, by));
  };
  add("last value", last_value{});
  add("EWMA 0.2", ewma{0.2});
  add("mean of all", window_forecast{centre::mean, 1000});
  add("mean of 10", window_forecast{centre::mean, 10});
  add("median of 5", window_forecast{centre::median, 5});
  add("median of 13", window_forecast{centre::median, 13});
  add("median of 31", window_forecast{centre::median, 31});
  add("median of all", window_forecast{centre::median, 1000});
  add("adaptive median, 31 at first", adaptive_median{});
  add("AR(1)", autoregression{1, 1000});
  add("AR(5)", autoregression{5, 1000});
  add("AR(15)", autoregression{15, 1000});
  all.push_back(joint_row(of, runtimes, from));
  return all;
}

std::vector<line_errors>
ablate_lines(const std::vector<batches::runtime_spec>& runtimes, int outliers,
             uint64_t seed, int trials) {
  const std::pair<const char*, line_method> methods[]
    = {{"least squares", line_method::least_squares},
       {"Bayesian ridge", line_method::bayesian_ridge},
       {"RANSAC", line_method::ransac},
       {"Theil-Sen", line_method::theil_sen}};
  std::vector<line_errors> all;
  for (const auto& [name, method] : methods) {
    random_source random{seed}; // the same draws for each method
    line_errors sum{name, 0, 0};
    for (int trial = 0; trial < trials; ++trial)
      for (const auto& of : runtimes) {
        line_window fit{method, of.profile};
        for (int i = 0; i < 10; ++i) {
          const double n = std::ceil(std::abs(42.75 + 39.5 * random.normal()));
          const double factor = std::exp(0.05 * random.normal());
          fit.add(n, of.profile.at(n) * factor * (i < outliers ? 3 : 1));
        }
        const double share
          = 1.0 / trials / static_cast<double>(runtimes.size());
        sum.at_35 += share * relative_error(fit, of.profile, 35);
        sum.at_120 += share * relative_error(fit, of.profile, 120);
      }
    all.push_back(sum);
  }
  return all;
}

} // namespace faas::stoic
