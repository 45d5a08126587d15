#include "tools/stoic-replay/contenders.hpp"

#include <algorithm>
#include <cstdio>

namespace faas::stoic {
namespace {

using batches::deploy_forecast;
using batches::runtime_spec;
using forecast::line_method;
using specs = std::vector<runtime_spec>;

size_t oracle(const measured_batch& one) {
  return one.best;
}

size_t authors(const measured_batch& one) {
  return one.chosen;
}

size_t worst(const measured_batch& one) {
  size_t most = 0;
  for (size_t r = 1; r < runtime_count; ++r)
    if (one.total_s[r] && one.total_s[most]
        && *one.total_s[r] > *one.total_s[most])
      most = r;
  return most;
}

/// Argmin of totals that never change.
class steady_rule final : public batches::selector {
public:
  explicit steady_rule(specs of) : of_(std::move(of)) {}
  std::optional<size_t> choose(const batches::batch& next) override {
    size_t best = 0;
    for (size_t r = 1; r < of_.size(); ++r)
      if (total(r, next.items) < total(best, next.items))
        best = r;
    return best;
  }
  void learn(const batches::feedback&) override {}

private:
  double total(size_t r, double items) const {
    return (of_[r].deploys ? of_[r].deploy_s : 0) + of_[r].profile.at(items);
  }
  specs of_;
};

contender known(const char* name, size_t (*rule)(const measured_batch&),
                bool needs_totals) {
  return {name, "-", false, needs_totals, [rule] { return play_known(rule); }};
}

contender stoic(const char* name, const specs& runtimes, deploy_forecast deploy,
                line_method line, bool transfer = true) {
  batches::stoic_config config;
  config.deploy = deploy;
  config.line = line;
  config.transfer.counted = transfer;
  return {name, "full", false, false, [=] {
            return play_selector(
              std::make_unique<batches::stoic_selector>(runtimes, config),
              feedback_kind::full_no_label);
          }};
}

contender petrel(const char* name, const char* feedback, const specs& runtimes,
                 const batches::petrel_config& config, feedback_kind kind) {
  return {name, feedback, false, false, [=] {
            return play_selector(
              std::make_unique<batches::petrel_selector>(runtimes, config),
              kind);
          }};
}

contender linucb(const char* name, const char* feedback, const specs& runtimes,
                 feedback_kind kind) {
  return {name, feedback, false, false, [=] {
            return play_selector(
              std::make_unique<batches::linucb_selector>(runtimes, 0.1), kind);
          }};
}

void add_simple(std::vector<contender>& all, const specs& hindsight) {
  all.push_back(known("oracle", oracle, true));
  all.push_back(known("worst", worst, true));
  all.push_back(known("authors, stored choices", authors, false));
  for (size_t r = 0; r < runtime_count; ++r)
    all.push_back({runtime_names[r] + " only", "-", false, false,
                   [r] { return play_fixed(r); }});
  all.push_back({"medians and lines in hindsight", "-", false, false, [=] {
                   return play_selector(
                     std::make_unique<steady_rule>(hindsight),
                     feedback_kind::full);
                 }});
}

void add_stoic(std::vector<contender>& all, const specs& of) {
  using d = deploy_forecast;
  using l = line_method;
  const auto add
    = [&](const char* name, d deploy, l line, bool transfer = true) {
        all.push_back(stoic(name, of, deploy, line, transfer));
      };
  add("STOIC Selector, ridge", d::adaptive_median, l::bayesian_ridge);
  add("STOIC Selector, RANSAC", d::adaptive_median, l::ransac);
  add("- without transfer", d::adaptive_median, l::ransac, false);
  add("- Theil-Sen", d::adaptive_median, l::theil_sen, false);
  add("- last deployment", d::last_value, l::theil_sen, false);
  add("- mean deployment", d::mean, l::theil_sen, false);
  add("- EWMA of deployments", d::ewma, l::theil_sen, false);
  add("- AR(1) of deployments", d::ar, l::theil_sen, false);
}

void add_petrel(std::vector<contender>& all, const specs& of, uint64_t seed) {
  const auto config = frozen_petrel(seed);
  all.push_back(
    petrel("Petrel Selector", "full", of, config, feedback_kind::full));
  all.push_back(
    petrel("- no labels", "full", of, config, feedback_kind::full_no_label));
  auto mean = config;
  mean.least = batches::aim::expected_time;
  all.push_back(
    petrel("- least expected time", "full", of, mean, feedback_kind::full));
  auto explores = config;
  explores.explore = true;
  all.push_back(petrel("Petrel Selector, bandit", "chosen only", of, explores,
                       feedback_kind::bandit));
}

void add_hedging(std::vector<contender>& all, const specs& of, uint64_t seed) {
  for (const size_t gpu : {gpu1, gpu2}) {
    batches::stoic_config config;
    config.line = line_method::ransac;
    all.push_back({"STOIC Duplicator, edge and " + runtime_names[gpu], "full",
                   true, true,
                   [=] { return play_duplicator(of, gpu, config); }});
  }
  for (const double price : hedge_prices) {
    char name[64];
    std::snprintf(name, sizeof name, "Petrel hedging, price %.2f", price);
    all.push_back({name, "full", true, true, [=] {
                     return play_hedge(of, frozen_petrel(seed), {price, 4});
                   }});
  }
}

} // namespace

batches::petrel_config frozen_petrel(uint64_t seed) {
  batches::petrel_config config;
  // "Actual" totals of the record leave transfer out, so these do, too.
  config.predictor.transfer.counted = false;
  config.least = batches::aim::regret_chance;
  config.seed = seed;
  return config;
}

std::vector<contender>
contenders(const std::vector<batches::runtime_spec>& runtimes,
           const std::vector<batches::runtime_spec>& hindsight, uint64_t seed) {
  std::vector<contender> all;
  add_simple(all, hindsight);
  add_stoic(all, runtimes);
  all.push_back(
    linucb("LinUCB, all arms", "full", runtimes, feedback_kind::full_no_label));
  all.push_back(
    linucb("LinUCB", "chosen only", runtimes, feedback_kind::bandit));
  add_petrel(all, runtimes, seed);
  add_hedging(all, runtimes, seed);
  return all;
}

} // namespace faas::stoic
