#include "libfaas/whatif/fits.hpp"

namespace faas::whatif {
namespace {

using forecast::point;
using forecast::straight_line;

constexpr size_t most_points = 300;  ///< the slope's cost is quadratic
constexpr size_t enough_for_line = 60;
constexpr double least_ms = 1e-3;

/// Evenly over the time, at most that many.
std::vector<point> thinned(const std::vector<point>& all) {
  const auto every = (all.size() + most_points - 1) / most_points;
  std::vector<point> made;
  for (size_t i = 0; i < all.size(); i += std::max<size_t>(every, 1))
    made.push_back(all[i]);
  return made;
}

/// y over x with nothing below 0: through the origin, or flat, if need be.
straight_line line_of(const std::vector<point>& all) {
  const auto some = thinned(all);
  const auto slope = forecast::theil_sen_slope(some).value_or(0);
  straight_line made{slope, forecast::median_intercept(some, slope)};
  if (slope <= 0)
    made = {0, forecast::median_intercept(some, 0)};
  else if (made.intercept < 0) {
    std::vector<double> ratios;
    for (const auto& one : some)
      if (one.x > 0)
        ratios.push_back(one.y / one.x);
    made = ratios.empty() ? straight_line{0, 1}
                          : straight_line{forecast::median(ratios), 0};
  }
  return made;
}

std::vector<point> points(const recording& from, size_t function, size_t site) {
  std::vector<point> made;
  for (const auto& one : from.events)
    if (one.answered && one.site == site && one.function == function)
      made.push_back({one.size, one.service});
  return made;
}

double over(double value, const service_fit& of, double size) noexcept {
  return std::log(std::max(value, least_ms) / of.at(size));
}

/// The profile times what the function takes there over it, as measured or,
/// with nothing measured, as the predictor said.
straight_line scaled(const recording& from, const std::vector<point>& measured,
                     size_t function, size_t site, straight_line profile) {
  std::vector<double> ratios;
  const service_fit whole{profile, {}, 0};
  for (const auto& one : measured)
    ratios.push_back(one.y / whole.at(one.x));
  for (size_t i = 0; measured.empty() && i < from.events.size(); ++i)
    if (const auto& said = from.said_of(i, site);
        from.events[i].function == function && said.considered)
      ratios.push_back(said.service / whole.at(from.events[i].size));
  const auto by = ratios.empty() ? 1 : forecast::median(ratios);
  return {profile.slope * by, profile.intercept * by};
}

} // namespace

double service_fit::at(double size) const noexcept {
  return std::max(line.at(size), least_ms);
}

double scatter::draw(double at, random_source& random) const noexcept {
  if (all.empty())
    return 0;
  const auto next = std::partition_point(
    all.begin(), all.end(), [&](const one& value) { return value.at < at; });
  const auto here = static_cast<size_t>(next - all.begin());
  const auto count = std::min(near, all.size());
  const auto first
    = std::min(here > count / 2 ? here - count / 2 : 0, all.size() - count);
  return all[first + random.below(count)].value;
}

straight_line fit_profile(const recording& from, size_t function) {
  std::vector<point> most;
  for (size_t site = 0; site < from.sites.size(); ++site)
    if (auto own = points(from, function, site); own.size() > most.size())
      most = std::move(own);
  return most.empty() ? straight_line{0, 1} : line_of(most);
}

void fit_service(const recording& from, size_t site, double window_ms, gap by,
                 const std::vector<straight_line>& profiles, site_fit& to) {
  windows by_time{from.length_ms, window_ms};
  for (size_t f = 0; f < from.functions.size(); ++f) {
    const auto own = points(from, f, site);
    service_fit made;
    made.measured = own.size();
    made.line = own.size() >= enough_for_line
                  ? line_of(own)
                  : scaled(from, own, f, site, profiles[f]);
    to.service.push_back(std::move(made));
  }
  const auto here = [&](const seen_event& one) {
    return one.answered && one.site == site;
  };
  for (size_t i = 0; i < from.events.size(); ++i) {
    const auto& one = from.events[i];
    const auto& of = to.service[one.function];
    if (here(one))
      by_time.measured(one.at, over(one.service, of, one.size));
    if (const auto& said = from.said_of(i, site); said.considered)
      by_time.said(one.at, over(said.service, of, one.size));
  }
  to.level = steps_of(by_time.course(by), window_ms,
                      [](double value) { return std::exp(value); });
  to.believed_share = by_time.believed_share();
  for (const auto& one : from.events)
    if (here(one)) {
      auto& of = to.service[one.function];
      of.rest.all.push_back(
        {one.at, over(one.service, of, one.size)
                   - std::log(to.level.at(one.at))});
    }
}

} // namespace faas::whatif
