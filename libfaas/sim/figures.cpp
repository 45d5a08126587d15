#include "libfaas/sim/figures.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>

namespace faas::sim {
namespace {

double quantile(std::vector<double>& values, double share) {
  const auto at = static_cast<ptrdiff_t>(
    std::min(share * static_cast<double>(values.size()),
             static_cast<double>(values.size() - 1)));
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<size_t>(at)];
}

} // namespace

namespace {

/// How the events ended.
void count_endings(const std::vector<record>& all, double seconds,
                   figures& to) {
  double in_time = 0;
  for (const auto& one : all) {
    in_time += one.in_time();
    to.late += one.answered() && !one.in_time();
    to.dropped += one.dropped;
    to.refused += one.refused;
    to.lighter += one.answered() && one.lighter;
    to.price += one.price;
    to.joule += one.joule;
  }
  const auto events = static_cast<double>(all.size());
  to.in_time = in_time / events;
  for (double figures::*share :
       {&figures::late, &figures::dropped, &figures::refused,
        &figures::lighter})
    to.*share /= events;
  to.price /= std::max(in_time, 1.0);
  to.joule /= std::max(in_time, 1.0);
  to.goodput = seconds > 0 ? in_time / seconds : 0;
}

} // namespace

figures summarise(const std::vector<record>& all, size_t sites,
                  double seconds) {
  figures made;
  made.events = all.size();
  made.shares.resize(sites);
  if (all.empty())
    return made;
  count_endings(all, seconds, made);
  std::vector<double> latencies;
  double best = 0, regret = 0, work = 0;
  size_t near_best = 0, inside = 0;
  for (const auto& one : all) {
    if (!one.answered())
      continue;
    latencies.push_back(one.latency_ms);
    best += one.best_ms;
    regret += one.regret_ms;
    near_best += one.regret_ms <= 0.05 * one.best_ms;
    inside += std::abs(one.latency_ms - one.predicted_ms)
              <= one.reach_ms;
    made.shares[one.site] += 1;
    made.again += one.again > 0;
    made.promised_ms += one.promised_ms;
    made.kept += one.latency_ms <= one.promised_ms;
    made.explored += one.why == routing::reason::explored;
    made.twice += one.twice;
    made.wasted += one.wasted_ms;
    work += one.service_ms + one.cold_ms;
  }
  if (latencies.empty())
    return made;
  const auto count = static_cast<double>(latencies.size());
  for (auto& share : made.shares)
    share /= count;
  made.again /= count;
  made.promised_ms /= count;
  made.kept /= count;
  made.explored /= count;
  made.twice /= count;
  made.wasted /= std::max(work, 1e-9);
  made.mean_ms
    = std::accumulate(latencies.begin(), latencies.end(), 0.0) / count;
  made.p50_ms = quantile(latencies, 0.5);
  made.p95_ms = quantile(latencies, 0.95);
  made.p99_ms = quantile(latencies, 0.99);
  made.regret_ms = regret / count;
  made.regret_share = regret / best;
  made.near_best = static_cast<double>(near_best) / count;
  made.coverage = static_cast<double>(inside) / count;
  return made;
}

namespace {

/// A sum over events by time, from the left.
class running_sum {
public:
  explicit running_sum(const std::vector<record>& all) : sums_{0} {
    for (const auto& one : all)
      sums_.push_back(sums_.back() + one.regret_ms);
  }
  double of(size_t from, size_t until) const noexcept {
    return sums_[until] - sums_[from];
  }
  double mean(size_t from, size_t until) const noexcept {
    return until > from ? of(from, until) / static_cast<double>(until - from)
                        : 0;
  }

private:
  std::vector<double> sums_;
};

} // namespace

std::vector<adaptation> adaptations(std::vector<record> all,
                                    const std::vector<double>& steps,
                                    double end_ms) {
  constexpr size_t row = 60;
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return a.sent < b.sent; });
  const running_sum regret{all};
  const auto first = [&](double time) {
    return static_cast<size_t>(
      std::partition_point(all.begin(), all.end(),
                           [&](const auto& one) { return one.sent < time; })
      - all.begin());
  };
  std::vector<adaptation> made;
  for (size_t i = 0; i < steps.size(); ++i) {
    const auto until = i + 1 < steps.size() ? steps[i + 1] : end_ms;
    const auto from = first(steps[i]), end = first(until);
    const auto steady
      = regret.mean(first((steps[i] + until) / 2), end);
    auto at = from;
    while (at + row < end && regret.mean(at, at + row) > 1.5 * steady + 1)
      ++at;
    const auto settled = at < all.size() ? all[at].sent : until;
    made.push_back({steps[i], at == from ? 0 : settled - steps[i],
                    std::max(0.0, regret.of(from, at)
                                    - steady * static_cast<double>(at - from))});
  }
  return made;
}

std::vector<window_means> over_time(const std::vector<record>& all,
                                    double window_ms, double end_ms,
                                    size_t sites) {
  const auto count = static_cast<size_t>(std::ceil(end_ms / window_ms));
  std::vector<window_means> made(count);
  for (auto& one : made)
    one.shares.resize(sites);
  for (const auto& one : all) {
    if (!one.answered())
      continue;
    auto& of = made[std::min(static_cast<size_t>(one.sent / window_ms),
                             count - 1)];
    of.events += 1;
    of.latency_ms += one.latency_ms;
    of.regret_ms += one.regret_ms;
    of.shares[one.site] += 1;
  }
  for (auto& one : made) {
    const auto n = std::max(one.events, 1.0);
    one.latency_ms /= n;
    one.regret_ms /= n;
    for (auto& share : one.shares)
      share /= n;
  }
  return made;
}

} // namespace faas::sim
