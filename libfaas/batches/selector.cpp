#include "libfaas/batches/selector.hpp"

#include <algorithm>
#include <cmath>

namespace faas::batches {
namespace {

/// The runtime of least cost among those that can be had; first of equal ones.
std::optional<size_t> least(const batch& next,
                            const std::vector<double>& cost) {
  std::optional<size_t> best;
  for (size_t r = 0; r < cost.size(); ++r)
    if (next.can(r) && (!best || cost[r] < cost[*best]))
      best = r;
  return best;
}

std::vector<double> expected_times(const std::vector<scenario_draw>& draws,
                                   size_t runtimes, double cap) {
  std::vector<double> cost;
  for (size_t r = 0; r < runtimes; ++r) {
    std::vector<double> totals;
    for (const auto& one : draws)
      totals.push_back(one.total(r));
    const double most = cap * forecast::median(totals);
    double sum = 0;
    for (const auto total : totals)
      sum += std::min(total, most);
    cost.push_back(sum / static_cast<double>(totals.size()));
  }
  return cost;
}

std::vector<double> chances_of_regret(const batch& next,
                                      const std::vector<scenario_draw>& draws,
                                      size_t runtimes) {
  std::vector<double> cost(runtimes, 1);
  for (const auto& one : draws) {
    std::vector<double> totals;
    for (size_t r = 0; r < runtimes; ++r)
      totals.push_back(one.total(r));
    if (const auto won = least(next, totals))
      cost[*won] -= 1 / static_cast<double>(draws.size());
  }
  return cost;
}

} // namespace

petrel_selector::petrel_selector(std::vector<runtime_spec> runtimes,
                                 const petrel_config& config)
  : config_(config), predictor_(std::move(runtimes), config.predictor),
    random_(config.seed) {}

std::optional<size_t> petrel_selector::choose(const batch& next) {
  const auto runtimes = predictor_.runtimes().size();
  if (config_.explore) {
    const auto one = predictor_.draw(next.items, 1, random_);
    return least(next, one.front().level_s);
  }
  const auto draws = predictor_.draw(next.items, config_.draws, random_);
  return least(next, config_.least == aim::expected_time
                       ? expected_times(draws, runtimes, config_.cap)
                       : chances_of_regret(next, draws, runtimes));
}

void petrel_selector::learn(const feedback& of) {
  predictor_.learn(of);
}

} // namespace faas::batches
