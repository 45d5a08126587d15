#include "libfaas/routing/policies/averages.hpp"

#include <algorithm>
#include <cmath>

namespace faas::routing {

std::string_view least_average::name() const noexcept {
  switch (how_.how) {
  case smoothing::kind::last:
    return "last-value";
  case smoothing::kind::ewma:
    return "ewma";
  case smoothing::kind::window:
    return "window-mean";
  }
  return "ewma";
}

/// A site that was not tried yet is tried once before it has answered.
double least_average::score(const prediction& of,
                            site_index site) const noexcept {
  const auto& seen = sites_.get(site);
  return seen.count > 0 ? seen.value : of.in_flight > 0 ? 1e9 : -1.0;
}

standing least_average::rank(const prediction& of, site_index site,
                             const event_features&,
                             random_source& random) const noexcept {
  return {score(of, site), random.uniform()};
}

pick least_average::choose(const decision& so_far, const event_features&,
                           random_source& random, time_point) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    return score(so_far.parts[i], so_far.sites[i]);
  });
  return now_and_then_another(so_far, best, how_.explore, random);
}

void least_average::ended(const outcome& seen) noexcept {
  auto& of = sites_[seen.site];
  const double ms
    = seen.failed
        ? failed_ms(seen.total_ms, of, sites_, [](auto& s) { return s.value; })
        : seen.total_ms;
  const auto place = of.count % of.last.size();
  of.last[place] = ms;
  ++of.count;
  switch (how_.how) {
  case smoothing::kind::last:
    of.value = ms;
    break;
  case smoothing::kind::ewma:
    of.value += (of.count == 1 ? 1 : how_.alpha) * (ms - of.value);
    break;
  case smoothing::kind::window: {
    const auto n
      = std::min({of.count, std::max<size_t>(how_.window, 1), of.last.size()});
    double sum = 0;
    for (size_t i = 0; i < n; ++i)
      sum += of.last[(place + of.last.size() - i) % of.last.size()];
    of.value = sum / static_cast<double>(n);
    break;
  }
  }
}

void peak_ewma::observe(cost& of, double ms, time_point now) const noexcept {
  const double age = std::max(0.0, to_ms(now - of.at));
  of.at = now;
  if (ms > of.ms) {
    of.ms = ms;
    return;
  }
  const double kept = std::exp(-age / tau_ms_);
  of.ms = of.ms * kept + ms * (1 - kept);
}

pick peak_ewma::choose(const decision& so_far, const event_features&,
                       random_source& random, time_point now) noexcept {
  constexpr double unknown_ms = 1e8;
  const auto two = draw_two(so_far, random);
  for (const auto i : two)
    observe(sites_[so_far.sites[i]], 0, now);
  return better_of(two, so_far, [&](uint8_t i) {
    auto as_if = sites_[so_far.sites[i]]; // the others are not looked at
    observe(as_if, 0, now);
    const double waiting = so_far.parts[i].in_flight;
    return as_if.ms == 0 && waiting > 0 ? unknown_ms + waiting
                                        : as_if.ms * (waiting + 1);
  });
}

/// Two of all at random.
standing peak_ewma::rank(const prediction&, site_index, const event_features&,
                         random_source& random) const noexcept {
  return {random.uniform()};
}

void peak_ewma::ended(const outcome& seen) noexcept {
  auto& of = sites_[seen.site];
  const double ms
    = seen.failed
        ? failed_ms(seen.total_ms, of, sites_, [](auto& s) { return s.ms; })
        : seen.total_ms;
  observe(of, ms, seen.at);
}

double scalar_kalman::score(const prediction& of, site_index site,
                            random_source& random,
                            time_point now) const noexcept {
  const auto& known = sites_.get(site);
  if (!known.started)
    return of.in_flight > 0 ? 1e9 : -1e9;
  const double idle = std::max(0.0, to_ms(now - known.at) / 1000);
  const double var = known.var + how_.q_second * idle;
  return known.mean + (how_.sample ? std::sqrt(var) * random.normal() : 0.0);
}

standing scalar_kalman::rank(const prediction& of, site_index site,
                             const event_features&,
                             random_source& random) const noexcept {
  return {score(of, site, random, time_point{}), random.uniform()};
}

pick scalar_kalman::choose(const decision& so_far, const event_features&,
                           random_source& random, time_point now) noexcept {
  const auto best = least_by(so_far, [&](uint8_t i) {
    return score(so_far.parts[i], so_far.sites[i], random, now);
  });
  return {best, reason::ranked, how_.sample ? 0.0 : 1.0};
}

void scalar_kalman::ended(const outcome& seen) noexcept {
  auto& of = sites_[seen.site];
  const double ms
    = seen.failed
        ? failed_ms(seen.total_ms, of, sites_, [](auto& s) { return s.mean; })
        : seen.total_ms;
  const double idle = std::max(0.0, to_ms(seen.at - of.at) / 1000);
  of.at = seen.at;
  if (!of.started) {
    const double sd = how_.noise * ms;
    of = {ms, sd * sd, seen.at, true};
    return;
  }
  of.var += how_.q_second * idle;
  const double sd = how_.noise * of.mean;
  const double both = of.var + sd * sd;
  const double gain = both > 0 ? of.var / both : 1;
  of.mean += gain * (ms - of.mean);
  of.var *= 1 - gain;
}

} // namespace faas::routing
