// What the predictor learns besides events: probes, keep-alives, and what sites
// say of themselves.
#include "libfaas/routing/predictor_impl.hpp"
#include "libfaas/routing/queue_model.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace faas::routing {

/// Two late events in a short time are taken for a step of the site; the next
/// probe knows better whether it was.
void predictor::impl::confirm_step(site_state& site, double slowdown) {
  constexpr double unchanged = 2.5, small = 0.1;
  if (!site.stepped)
    return;
  const auto function = *std::exchange(site.stepped, std::nullopt);
  auto* pair = function < site.pairs.size() ? site.pairs[function].get()
                                            : nullptr;
  const double step = site.filter.g - site.filter.before;
  if (pair == nullptr || std::abs(step) < small
      || std::abs(site.probe->off(slowdown, site.filter.before)) > unchanged
      || std::abs(site.probe->off(slowdown, site.filter.g))
           < std::abs(site.probe->off(slowdown, site.filter.before)))
    return;
  pair->filter.take_step_back(site.filter, config.service);
}

bool predictor::observe_probe(site_index site, double slowdown,
                              time_point now) {
  auto& my = *impl_;
  constexpr double least = 0.01, most = 1000; // no CPU changes so much
  if (!my.known(site) || !(slowdown >= least && slowdown <= most))
    return my.refuse();
  auto& home = my.sites[to_int(site)];
  home.probed = now;
  if (!home.probe) {
    home.probe
      = function_filter::probe(slowdown, now, home.filter, my.config.service);
    return true;
  }
  my.confirm_step(home, slowdown);
  return home.probe->observe(0, slowdown, now, home.filter, my.config.service);
}

bool predictor::observe_ping(link_index link, double rtt_ms, time_point now,
                             bool alone) {
  auto& my = *impl_;
  if (to_int(link) >= my.links.size() || !(rtt_ms > 0) || !plausible_ms(rtt_ms))
    return my.refuse();
  auto& home = my.links[to_int(link)];
  if (alone && !home.filter.observe_rtt(rtt_ms, now))
    return my.refuse();
  home.bounds.ping(rtt_ms, now);
  return true;
}

bool predictor::observe_return(site_index site, time_point now) {
  auto& my = *impl_;
  if (!my.known(site))
    return my.refuse();
  auto& home = my.sites[to_int(site)];
  home.filter.advance(now, my.config.service);
  home.filter.var += my.config.service.jump;
  home.queue.others = home.queue.others_usual = 0;
  my.links[home.link].filter.doubt(now);
  for (const auto f : home.functions) {
    home.pairs[f]->unheard.reset();
    auto& queue = home.pairs[f]->queue(home);
    queue.others = queue.others_usual = 0;
    my.mark(*home.pairs[f], f, to_int(site));
  }
  return true;
}

bool predictor::set_servers(site_index site, double servers) {
  auto& my = *impl_;
  if (!my.known(site) || !sound_servers(servers))
    return my.refuse();
  auto& home = my.sites[to_int(site)];
  if (home.queue.servers == servers)
    return true;
  home.queue.servers = servers;
  for (const auto f : home.functions)
    my.mark(*home.pairs[f], f, to_int(site));
  return true;
}

bool predictor::set_own_servers(function_index function, site_index site,
                                double servers) {
  auto& my = *impl_;
  const auto f = to_int(function), s = to_int(site);
  if (!my.known(function) || !my.known(site)
      || (servers != 0 && !sound_servers(servers)))
    return my.refuse();
  if (servers == 0 && !my.find(f, s))
    return true;
  auto& pair = my.obtain(f, s);
  if (servers == (pair.own_queue ? pair.own_queue->servers : 0))
    return true;
  if (servers == 0)
    pair.own_queue.reset();
  else if (!pair.own_queue)
    pair.own_queue = std::make_unique<queue_state>();
  if (pair.own_queue)
    pair.own_queue->servers = servers;
  my.mark(pair, f, s);
  return true;
}

bool predictor::observe_residency(function_index function, site_index site,
                                  bool resident, time_point now) {
  auto& my = *impl_;
  if (!my.known(function) || !my.known(site))
    return my.refuse();
  auto& pair = my.obtain(to_int(function), to_int(site));
  pair.warm_until_ms = resident ? 1e300 : to_ms(now.time_since_epoch()) - 1;
  my.mark(pair, to_int(function), to_int(site));
  return true;
}

bool predictor::observe_load(function_index function, site_index site,
                             double ms, time_point now) {
  auto& my = *impl_;
  if (!my.known(function) || !my.known(site))
    return my.refuse();
  auto& pair = my.obtain(to_int(function), to_int(site));
  if (!(ms > 0) || !plausible_ms(ms))
    return my.refuse();
  my.learn_load(to_int(function), to_int(site), ms, false, now);
  my.mark(pair, to_int(function), to_int(site));
  return true;
}

/// Of a function that was not loaded at the site yet. Where none was seen there
/// the slowest of the other sites' is taken: events that wait for what takes
/// longer than thought cannot be had back.
time_left predictor::impl::first_load(uint32_t function,
                                      uint32_t site) const noexcept {
  constexpr double unknown_ms = 10'000;
  const cold_start_estimator unknown{unknown_ms};
  const cold_start_estimator* slowest = nullptr;
  for (uint32_t s = 0; s < sites.size(); ++s) {
    const auto* pair = find(function, s);
    if (!pair || pair->cold.untouched())
      continue;
    if (s == site || !slowest || pair->cold.mean_ms() > slowest->mean_ms())
      slowest = &pair->cold;
    if (s == site)
      break;
  }
  const auto& load = slowest ? *slowest : unknown;
  const double ms = load.mean_ms();
  return {ms, ms * ms * std::expm1(std::min(load.log_spread(), 2.0))};
}

bool predictor::observe_deployment(function_index function, site_index site,
                                   std::optional<deployment> how,
                                   time_point now) {
  /// What is left at least of a load that should have ended.
  constexpr double late_share = 0.25;
  auto& my = *impl_;
  const auto sound = [](double ms) { return ms >= 0 && plausible_ms(ms); };
  if (!my.known(function) || !my.known(site)
      || (how
          && (!sound(how->bundle.ms) || !sound(how->loading_ms)
              || !(how->bundle.variance >= 0)
              || !std::isfinite(how->bundle.variance))))
    return my.refuse();
  auto& pair = my.obtain(to_int(function), to_int(site));
  if (!how && pair.ready_at_ms > 0)
    pair.there_since = now;
  pair.ready_at_ms = pair.ready_var = 0;
  if (how) {
    auto left = how->loads
                  ? my.first_load(to_int(function), to_int(site))
                  : time_left{};
    if (how->loading) {
      left.ms = std::max(left.ms - how->loading_ms,
                         late_share * how->loading_ms);
    } else {
      left.ms += how->bundle.ms;
      left.variance += how->bundle.variance;
    }
    pair.ready_at_ms = to_ms(now.time_since_epoch()) + left.ms;
    pair.ready_var = left.variance;
  }
  my.mark(pair, to_int(function), to_int(site));
  return true;
}

} // namespace faas::routing
