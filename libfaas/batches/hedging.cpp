#include "libfaas/batches/hedging.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faas::batches {
namespace {

constexpr size_t enough = 20; ///< draws that are still possible

/// What is left of a time of which `elapsed` is over: of the draws that are
/// longer one at random; when they are few, a Pareto tail (deployment: nothing
/// is known of how long a stuck one takes) or a tenth of it (processing).
double remaining(const std::vector<double>& possible, double elapsed,
                 bool deploying, random_source& random) {
  if (possible.size() >= enough)
    return possible[random.below(possible.size())] - elapsed;
  const double u = 1 - random.uniform();
  return deploying ? elapsed * (1 / std::sqrt(u) - 1)
                   : -0.1 * elapsed * std::log(u);
}

std::vector<double> longer(const std::vector<scenario_draw>& draws,
                           size_t runtime, const progress& now) {
  std::vector<double> possible;
  for (const auto& one : draws) {
    const double time = now.at == phase::deploying ? one.deploy_s[runtime]
                                                   : one.process_s[runtime];
    if (time > now.elapsed_s)
      possible.push_back(time);
  }
  return possible;
}

/// [draw] of one runtime's remaining seconds.
std::vector<double> remaining_of(const std::vector<scenario_draw>& draws,
                                 size_t runtime, const progress& now,
                                 random_source& random) {
  std::vector<double> left;
  const auto possible = now.at == phase::idle ? std::vector<double>{}
                                              : longer(draws, runtime, now);
  for (const auto& one : draws) {
    if (now.at == phase::idle)
      left.push_back(one.total(runtime));
    else if (now.elapsed_s <= 0 && now.at == phase::processing)
      left.push_back(one.process_s[runtime]);
    else
      left.push_back(
        remaining(possible, now.elapsed_s, now.at == phase::deploying, random)
        + (now.at == phase::deploying ? one.process_s[runtime] : 0));
  }
  return left;
}

double mean_of_least(const std::vector<std::vector<double>>& left, size_t set,
                     size_t draws) {
  double sum = 0;
  for (size_t i = 0; i < draws; ++i) {
    double least = std::numeric_limits<double>::infinity();
    for (size_t r = 0; r < left.size(); ++r)
      if (set >> r & 1)
        least = std::min(least, left[r][i]);
    sum += least;
  }
  return sum / static_cast<double>(draws);
}

} // namespace

std::vector<bool> choose_set(const batch& next,
                             const std::vector<scenario_draw>& draws,
                             const std::vector<progress>& now,
                             const hedge_config& config,
                             random_source& random) {
  std::vector<bool> chosen(now.size(), false);
  std::vector<std::vector<double>> left(now.size());
  size_t open = 0; // a bit each
  for (size_t r = 0; r < now.size(); ++r) {
    if (now[r].at == phase::dropped || !next.can(r) || draws.empty())
      continue;
    open |= size_t{1} << r;
    left[r] = remaining_of(draws, r, now[r], random);
  }
  size_t best = 0;
  double best_cost = std::numeric_limits<double>::infinity();
  for (size_t set = 1; set < size_t{1} << now.size(); ++set) {
    const auto members = static_cast<size_t>(__builtin_popcountll(set));
    if ((set & ~open) != 0 || members > std::max<size_t>(1, config.most))
      continue;
    const double cost = mean_of_least(left, set, draws.size())
                        * (1 + config.price * static_cast<double>(members - 1));
    if (cost < best_cost) {
      best_cost = cost;
      best = set;
    }
  }
  for (size_t r = 0; r < now.size(); ++r)
    chosen[r] = best >> r & 1;
  return chosen;
}

} // namespace faas::batches
