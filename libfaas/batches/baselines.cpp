// The selectors that Petrel's is compared with.
#include "libfaas/batches/selector.hpp"

#include <cmath>

namespace faas::batches {

template <class Forecast>
struct stoic_selector::series_of final : stoic_selector::series {
  Forecast of;
  explicit series_of(Forecast what) : of(std::move(what)) {}
  bool add(double value) override { return of.add(value); }
  std::optional<double> predict() const override { return of.predict(); }
};

std::unique_ptr<stoic_selector::series>
stoic_selector::make(deploy_forecast what) {
  using namespace forecast;
  const auto made = [](auto of) -> std::unique_ptr<series> {
    return std::make_unique<series_of<decltype(of)>>(std::move(of));
  };
  switch (what) {
  case deploy_forecast::last_value:
    return made(last_value{});
  case deploy_forecast::mean:
    return made(window_forecast{centre::mean, 1000});
  case deploy_forecast::ewma:
    return made(ewma{0.2});
  case deploy_forecast::ar:
    return made(autoregression{1, 100});
  case deploy_forecast::adaptive_median:
    break;
  }
  return made(adaptive_median{});
}

stoic_selector::stoic_selector(const std::vector<runtime_spec>& runtimes,
                               const stoic_config& config)
  : runtimes_(runtimes), config_(config) {
  for (size_t r = 0; r < runtimes.size(); ++r) {
    deploys_.push_back(make(config.deploy));
    lines_.emplace_back(config.line, runtimes[r].profile, config.line_window,
                        config.seed + r);
  }
}

double stoic_selector::transfer_s(size_t runtime, double items) const {
  const auto& how = config_.transfer;
  if (!how.counted || !runtimes_[runtime].deploys)
    return 0;
  return items * how.mbyte_per_item * 8 / how.mbit_per_s;
}

double stoic_selector::deploy_s(size_t runtime) const {
  if (!runtimes_[runtime].deploys)
    return 0;
  const auto seen = deploys_[runtime]->predict();
  return seen ? *seen : runtimes_[runtime].deploy_s;
}

double stoic_selector::process_s(size_t runtime, double items) {
  return lines_[runtime].predict(items);
}

bool stoic_selector::observe_bandwidth(double mbit_per_s) {
  if (!std::isfinite(mbit_per_s) || mbit_per_s <= 0)
    return false;
  config_.transfer.mbit_per_s = mbit_per_s;
  return true;
}

std::optional<size_t> stoic_selector::choose(const batch& next) {
  std::optional<size_t> best;
  double best_s = 0;
  for (size_t r = 0; r < runtimes_.size(); ++r) {
    const double total
      = transfer_s(r, next.items) + deploy_s(r) + process_s(r, next.items);
    if (next.can(r) && (!best || total < best_s)) {
      best = r;
      best_s = total;
    }
  }
  return best;
}

void stoic_selector::learn(const feedback& of) {
  for (size_t r = 0; r < runtimes_.size() && r < of.runtimes.size(); ++r) {
    if (of.runtimes[r].deploy_s && *of.runtimes[r].deploy_s > 0)
      deploys_[r]->add(*of.runtimes[r].deploy_s);
    if (of.runtimes[r].process_s && of.exact_items)
      lines_[r].add(of.items, *of.runtimes[r].process_s);
  }
}

linucb_selector::linucb_selector(const std::vector<runtime_spec>& runtimes,
                                 double alpha)
  : runtimes_(runtimes), bandit_(runtimes.size(), 4, alpha),
    last_(runtimes.size()),
    median_(runtimes.size(), {forecast::centre::median, 31}) {}

std::vector<double> linucb_selector::features(size_t runtime,
                                              double items) const {
  const double prior
    = runtimes_[runtime].deploys ? runtimes_[runtime].deploy_s : 0;
  return {1, items / 100, last_[runtime].predict().value_or(prior) / 60,
          median_[runtime].predict().value_or(prior) / 60};
}

std::optional<size_t> linucb_selector::choose(const batch& next) {
  std::vector<std::vector<double>> of(runtimes_.size());
  for (size_t r = 0; r < of.size(); ++r)
    if (next.can(r))
      of[r] = features(r, next.items);
  return bandit_.choose(of);
}

void linucb_selector::learn(const feedback& of) {
  for (size_t r = 0; r < runtimes_.size() && r < of.runtimes.size(); ++r) {
    const auto& took = of.runtimes[r];
    const auto deploy = runtimes_[r].deploys ? took.deploy_s : 0.0;
    if (of.exact_items && took.process_s && deploy)
      bandit_.observe(r, features(r, of.items),
                      -(*deploy + *took.process_s) / 100);
    if (runtimes_[r].deploys && took.deploy_s) {
      last_[r].add(*took.deploy_s);
      median_[r].add(*took.deploy_s);
    }
  }
}

} // namespace faas::batches
