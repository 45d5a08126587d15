#include "libfaas/routing/policies/regression.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {

ridge_window::ridge_window(const config& how) : how_(how) {
  how_.window = std::clamp<size_t>(how.window, 2, 256);
}

double ridge_window::score(const prediction& of, site_index site,
                           const event_features& event) const noexcept {
  const auto& known = sites_.get(site);
  if (known.seen.empty())
    return of.in_flight > 0 ? 1e12 : -1e12;
  const event_vector x{1, event.size, how_.queue ? of.in_flight : 0};
  return known.weights.dot(x);
}

standing ridge_window::rank(const prediction& of, site_index site,
                            const event_features& event,
                            random_source& random) const noexcept {
  return {score(of, site, event), random.uniform()};
}

pick ridge_window::choose(const decision& so_far, const event_features& event,
                          random_source& random, time_point) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    return score(so_far.parts[i], so_far.sites[i], event);
  });
  return now_and_then_another(so_far, best, how_.explore, random);
}

void ridge_window::ended(const outcome& seen) noexcept {
  auto& of = sites_[seen.site];
  const event_vector x{1, seen.size, how_.queue ? seen.in_flight : 0};
  const std::pair<event_vector, double> row{
    x, seen.failed
         ? failed_ms(seen.total_ms, of, sites_,
                     [&](auto& s) { return s.weights.dot(x); })
         : seen.total_ms};
  if (of.seen.size() < how_.window)
    of.seen.push_back(row);
  else
    of.seen[of.next] = row;
  of.next = (of.next + 1) % how_.window;
  fit(of);
}

/// Features centred and scaled, the mean is not shrunk.
void ridge_window::fit(window& of) const {
  const auto n = static_cast<double>(of.seen.size());
  Eigen::Vector2d mean = Eigen::Vector2d::Zero(), square = mean;
  double level = 0;
  for (const auto& [x, y] : of.seen) {
    mean += x.tail<2>() / n;
    square += x.tail<2>().cwiseAbs2() / n;
    level += y / n;
  }
  const Eigen::Vector2d scale
    = (square - mean.cwiseAbs2()).cwiseMax(1e-12).cwiseSqrt();
  Eigen::Matrix2d a = Eigen::Matrix2d::Identity() * how_.lambda;
  Eigen::Vector2d b = Eigen::Vector2d::Zero();
  for (const auto& [x, y] : of.seen) {
    const Eigen::Vector2d z = (x.tail<2>() - mean).cwiseQuotient(scale);
    a += z * z.transpose();
    b += z * (y - level);
  }
  const Eigen::Vector2d found = a.ldlt().solve(b).cwiseQuotient(scale);
  of.weights << level - found.dot(mean), found;
}

double linear_bandit::score(const prediction& of, site_index site,
                            const event_features& event) const noexcept {
  const auto& arm = arms_.get(site);
  const event_vector x{1, event.size, of.in_flight};
  return arm.mean(x) - how_.alpha * mean_ms_ * arm.width(x);
}

standing linear_bandit::rank(const prediction& of, site_index site,
                             const event_features& event,
                             random_source& random) const noexcept {
  return {score(of, site, event), random.uniform()};
}

pick linear_bandit::choose(const decision& so_far, const event_features& event,
                           random_source&, time_point) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    return score(so_far.parts[i], so_far.sites[i], event);
  });
  return {best, reason::ranked, 1};
}

void linear_bandit::ended(const outcome& seen) noexcept {
  auto& of = arms_[seen.site];
  const event_vector x{1, seen.size, seen.in_flight};
  if (seen.failed) { // no less than is usual there or anywhere
    const double least = count_ > 0 ? mean_ms_ : first_failure_ms;
    of.observe(x, std::max({seen.total_ms, of.mean(x), least}), how_.keep);
    return;
  }
  ++count_;
  mean_ms_ += (seen.total_ms - mean_ms_)
              / static_cast<double>(std::min<uint64_t>(count_, 1000));
  of.observe(x, seen.total_ms, how_.keep);
}

} // namespace faas::routing
