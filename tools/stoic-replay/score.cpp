#include "tools/stoic-replay/score.hpp"

#include <algorithm>
#include <numeric>

namespace faas::stoic {
namespace {

double best_total(const measured_batch& one) {
  double least = *one.total_s[0];
  for (const auto& total : one.total_s)
    least = std::min(least, *total);
  return least;
}

} // namespace

interval bootstrap(std::span<const double> values, random_source& random,
                   size_t block, int resamples) {
  if (values.empty())
    return {};
  const auto count = values.size();
  const auto n = static_cast<double>(count);
  std::vector<double> means;
  for (int i = 0; i < resamples; ++i) {
    double sum = 0;
    for (size_t drawn = 0; drawn < count;) {
      const auto from = random.below(count);
      for (size_t k = 0; k < block && drawn < count; ++k, ++drawn)
        sum += values[(from + k) % count];
    }
    means.push_back(sum / n);
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<size_t>(share
                                     * static_cast<double>(resamples - 1))];
  };
  return {std::accumulate(values.begin(), values.end(), 0.0) / n, at(0.025),
          at(0.975)};
}

std::vector<double> exact(const record& of, const std::vector<played>& by) {
  std::vector<double> hits;
  for (size_t i = 0; i < of.size(); ++i)
    hits.push_back(of[i].best == by[i].chosen);
  return hits;
}

std::vector<double> edge_or_cloud(const record& of,
                                  const std::vector<played>& by) {
  std::vector<double> hits;
  for (size_t i = 0; i < of.size(); ++i)
    hits.push_back(of[i].best == by[i].chosen
                   || (of[i].best != edge && by[i].chosen != edge));
  return hits;
}

std::vector<double> regret(const record& of, const std::vector<played>& by,
                           const std::vector<bool>& counts) {
  std::vector<double> all;
  for (size_t i = 0; i < of.size(); ++i)
    if (counts[i] && by[i].total_s)
      all.push_back(*by[i].total_s - best_total(of[i]));
  return all;
}

std::vector<bool> complete_ones(const record& of) {
  std::vector<bool> counts;
  for (const auto& one : of)
    counts.push_back(std::all_of(one.total_s.begin(), one.total_s.end(),
                                 [](const auto& t) { return t.has_value(); }));
  return counts;
}

std::vector<bool> contiguous_ones(const record& of) {
  auto counts = complete_ones(of);
  for (size_t i = 0; i < of.size(); ++i) {
    const int at = of[i].index;
    counts[i] = counts[i] && (at <= 2 || at == 6 || (at >= 10 && at <= 33));
  }
  return counts;
}

double oracle_sum(const record& of, const std::vector<bool>& counts) {
  double sum = 0;
  for (size_t i = 0; i < of.size(); ++i)
    if (counts[i])
      sum += best_total(of[i]);
  return sum;
}

} // namespace faas::stoic
