// What of the predictor's beliefs is shown to those who decide.
#include "libfaas/routing/fading.hpp"
#include "libfaas/routing/predictor_impl.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace faas::routing {
namespace {

constexpr double most_offered = 1e6;

} // namespace

/// Of the functions that run at its sites, each once.
void predictor::impl::reckon_link(link_state& link,
                                  const std::vector<double>& per_ms,
                                  std::vector<bool>& counted) const {
  double events = 0;
  way_bytes bytes;
  counted.assign(functions.size(), false);
  for (const auto s : link.sites)
    for (const auto f : sites[s].functions)
      if (!counted[f]) {
        counted[f] = true;
        events += per_ms[f];
        bytes.up += per_ms[f] * functions[f].mean_bytes.up;
        bytes.down += per_ms[f] * functions[f].mean_bytes.down;
      }
  const auto load = [&](double ms) {
    const double offered = std::min(ms, most_offered);
    return link_state::direction{offered, events > 0 ? offered / events : 0};
  };
  link.up = load(bytes.up * link.filter.up_ms_per_byte());
  link.down = load(bytes.down * link.filter.down_ms_per_byte());
}

/// Queues that functions have of their own are shown again where they have moved;
/// what else changes one, marks it.
void predictor::impl::reckon_queues(uint32_t s,
                                    const std::vector<double>& per_ms,
                                    time_point now) {
  auto& site = sites[s];
  const double now_ms = to_ms(now.time_since_epoch());
  const auto offer = [&](queue_state& queue, double work) {
    queue.fade(now_ms);
    queue.offered = std::min(work * (1 + queue.others_per_own(config.routers))
                               / queue.servers,
                             most_offered);
  };
  double shared = 0;
  for (const auto f : site.functions) {
    auto& pair = *site.pairs[f];
    const double work = per_ms[f] > 0 && pair.queues
                          ? per_ms[f]
                              * pair.work_ms(functions[f].mean_size, site.filter)
                          : 0;
    if (!pair.own_queue)
      shared += work;
    else {
      offer(*pair.own_queue, work);
      if (moved(*pair.own_queue))
        mark(pair, f, s);
    }
  }
  offer(site.queue, shared);
}

/// The load of each site and link if all events came there that can: those of
/// this router, and at sites as many more as others send there for each.
void predictor::impl::reckon_offered(time_point now) {
  constexpr auto interval = std::chrono::milliseconds{500};
  if (now - offered_at < interval)
    return;
  offered_at = now;
  std::vector<double> per_ms(functions.size());
  for (size_t f = 0; f < functions.size(); ++f)
    per_ms[f] = functions[f].per_ms(now);
  std::vector<bool> counted;
  for (auto& link : links)
    reckon_link(link, per_ms, counted);
  for (uint32_t s = 0; s < sites.size(); ++s)
    reckon_queues(s, per_ms, now);
}

namespace {

bool differs(double now, double then, double grain, double step) noexcept {
  return std::abs(now - then) > step * (std::abs(then) + grain);
}

/// By a fifth, up or down: it is a mean over few seconds.
bool offers_more(double now, double then) noexcept {
  return std::abs(now - then) > 0.2 * (then + 0.1);
}

} // namespace

bool predictor::impl::moved(const queue_state& queue) const noexcept {
  return differs(queue.others, queue.published_others, 20, config.publish_step)
         || offers_more(queue.own_load, queue.published_load)
         || offers_more(queue.offered, queue.published_offered);
}

bool predictor::impl::moved(const site_state& site) const noexcept {
  const auto& link = links[site.link];
  const double step = config.publish_step;
  const auto loaded = [&](const auto& way, const auto& then) {
    return offers_more(way.offered, then.offered)
           || offers_more(way.carry_ms, then.carry_ms);
  };
  return std::abs(site.filter.g - site.published_g) > step
         || moved(site.queue)
         || differs(link.filter.rtt_ms(), link.published_rtt, 1, step)
         || differs(link.filter.up_ms_per_byte(), link.published_per_byte.up,
                    1e-6, step)
         || differs(link.filter.down_ms_per_byte(),
                    link.published_per_byte.down, 1e-6, step)
         || loaded(link.up, link.published_up)
         || loaded(link.down, link.published_down);
}

/// All functions of a site that is no longer as it was shown.
void predictor::impl::mark_moved(uint32_t s) {
  auto& site = sites[s];
  if (!moved(site))
    return;
  for (const auto f : site.functions)
    mark(*site.pairs[f], f, s);
  site.published_g = site.filter.g;
  site.queue.shown();
}

namespace {

void fill_way(estimate& out, const network_estimator& net) noexcept {
  out.rtt_ms = net.rtt_ms();
  out.up_ms_per_byte = net.up_ms_per_byte();
  out.down_ms_per_byte = net.down_ms_per_byte();
  const auto var = [&](int i, int j) {
    return static_cast<float>(net.covariance(i, j));
  };
  out.rtt_var = var(0, 0);
  out.up_var = var(1, 1);
  out.down_var = var(2, 2);
  out.rtt_up_cov = var(0, 1);
  out.rtt_down_cov = var(0, 2);
  out.up_down_cov = var(1, 2);
  out.net_noise_ms2 = static_cast<float>(net.fixed_noise());
  out.net_noise_share2 = static_cast<float>(net.share_noise());
}

} // namespace

void predictor::impl::write(pair_state& pair, uint32_t function, uint32_t site,
                            time_point now) {
  const auto& home = sites[site];
  const auto& link = links[home.link];
  const auto& queue = pair.queue(home);
  estimate out;
  pair.filter.fill(out, home.filter, config.service, now);
  out.factor *= std::exp(pair.doubt);
  out.log_var_per_ms
    = config.service.q_second * (1 + config.service.own_share) / 1000;
  fill_way(out, link.filter);
  out.warm_until_ms = pair.warm_until_ms == 0 ? 1e300 : pair.warm_until_ms;
  out.cold_charge_ms
    = cold_charge_ms(pair.cold.mean_ms(),
                     functions[function].rate.per_second(now), pair.stay.ms());
  out.ready_at_ms = pair.ready_at_ms;
  out.ready_var = static_cast<float>(pair.ready_var);
  out.others = queue.others;
  out.others_usual = queue.others_usual;
  out.own_reported = queue.own;
  out.load = static_cast<float>(queue.load());
  out.others_per_own
    = static_cast<float>(queue.others_per_own(config.routers));
  if (config.crowding) {
    out.offered = static_cast<float>(queue.offered);
    out.up_offered = static_cast<float>(link.up.offered);
    out.down_offered = static_cast<float>(link.down.offered);
    out.up_carry_ms = static_cast<float>(link.up.carry_ms);
    out.down_carry_ms = static_cast<float>(link.down.carry_ms);
  }
  out.mean_service_ms = queue.mean_service_ms;
  out.reported_ms = queue.reported_ms;
  out.overdue_ms = pair.overdue_ms;
  out.servers = queue.servers;
  if (config.quantiles) { // else as at the begin
    out.promise_sigmas = static_cast<float>(pair.promise.sigmas());
    out.interval_sigmas = static_cast<float>(pair.interval.sigmas());
  }
  out.updated_ms = to_ms(now.time_since_epoch());
  pair.cell->write(out);
  pair.dirty = false;
  if (pair.own_queue)
    pair.own_queue->shown();
}

size_t predictor::publish(time_point now) {
  impl_->reckon_offered(now);
  size_t count = 0;
  for (uint32_t s = 0; s < impl_->sites.size(); ++s)
    impl_->mark_moved(s);
  for (auto& link : impl_->links) {
    link.published_rtt = link.filter.rtt_ms();
    link.published_per_byte
      = {link.filter.up_ms_per_byte(), link.filter.down_ms_per_byte()};
    link.published_up = link.up;
    link.published_down = link.down;
  }
  for (const auto& [s, f] : impl_->dirty)
    if (auto* pair = impl_->find(f, s); pair && pair->dirty) {
      impl_->write(*pair, f, s, now);
      ++count;
    }
  impl_->dirty.clear();
  return count;
}

} // namespace faas::routing
