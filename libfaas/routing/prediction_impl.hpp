// How a prediction is made; for decision.cpp and shortlist.cpp only.
#pragma once

#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/queue_model.hpp"

#include <algorithm>

namespace faas::routing::detail {

/// A feature that is no number counts as none.
inline double sound(double x) noexcept {
  return x >= 0 && x <= 1e12 ? x : 0;
}

inline way_bytes sound(way_bytes bytes) noexcept {
  return {sound(bytes.up), sound(bytes.down)};
}

/// exp(x) - 1 for the small variances that occur; bounded for large ones.
inline double spread_of(double log_var) noexcept {
  const double v = std::min(log_var, 2.0);
  return v * (1 + v / 2);
}

/// Epistemic variance of the log service time at this size, aged to now.
inline double log_var_at(const estimate& e, double w, double now_ms) noexcept {
  const double idle = std::max(0.0, now_ms - e.updated_ms);
  const double v = e.log_var + 2 * w * e.cov_shape + w * w * e.var_shape
                   + idle * e.log_var_per_ms;
  return std::clamp(v, 0.0, 2.0);
}

/// exp(x) for 0 <= x <= 0.125, to 1e-5.
inline double small_exp(double x) noexcept {
  return 1 + x * (1 + x * (0.5 + x * (1.0 / 6)));
}

/// A service time as believed, and the doubt about its log.
struct believed_service {
  double ms, doubt;
};
[[gnu::always_inline]] inline believed_service
service_at(const estimate& belief, double size, double now_ms) noexcept {
  const double base = belief.slope * size + belief.intercept;
  const double doubt = log_var_at(belief, belief.intercept / base, now_ms);
  // The mean of a log-normal; a vague belief must not look slow only because
  // it is vague, so the correction is bounded.
  const double vague = std::min(doubt + belief.log_noise, 0.25);
  return {base * belief.factor * small_exp(vague / 2), doubt};
}

/// Where a site joins events. Others will join after this one, so that it takes
/// the part of a full batch; it makes those wait whose batches come later.
struct joint_service {
  double waits_ms = 0; ///< until its batch begins, beyond the way there
  double size = 0;     ///< of its batch, as far as it is known
  double ahead_ms = 0; ///< batches before it that have not begun
};
[[gnu::noinline]] inline joint_service join(const batching_site& site,
                                            double size, double arrives_ms,
                                            double now_ms) noexcept {
  const auto at
    = site.open->place(site.function, site.terms, size, arrives_ms, now_ms);
  return {std::max(0.0, at.begins_ms - arrives_ms), at.items + size,
          at.ahead_ms};
}

/// The part of a full batch, over the whole of the event's own batch.
inline double share_of(const estimate& belief, const batch_terms& terms,
                       double size, double all) noexcept {
  const double fixed = terms.joins(size) ? size / terms.most : 1;
  return (belief.slope * size + belief.intercept * fixed)
         / (belief.slope * all + belief.intercept);
}

/// What later events will wait for this one: half of what they would if they came
/// by a static split, and crowding() for what is ahead and known, this router's
/// own events at the site and on the way to it, since later ones will be routed
/// by that. Others' events are known by old reports only, and routed by others
/// (ADR "routing minds later events").
inline double imposed_ms(const estimate& belief, const candidate& site,
                         way_bytes bytes, double work_ms, double known_ms,
                         double queue_ms, double usual_ms,
                         double load) noexcept {
  constexpr double half = 0.5;
  return half * split_ms(queue_ms, work_ms, load)
         // of all servers as one of their speed
         + crowding_ms(work_ms, known_ms * belief.servers,
                       usual_ms > 0 ? usual_ms : work_ms * belief.servers,
                       belief.offered)
         + crowding_ms(belief.up_ms_per_byte * bytes.up, site.backlog_ms,
                       belief.up_carry_ms, belief.up_offered)
         + crowding_ms(belief.down_ms_per_byte * bytes.down,
                       site.replies_ahead_ms, belief.down_carry_ms,
                       belief.down_offered);
}

/// Epistemic variance of rtt and bytes, ms^2.
inline double way_var(const estimate& e, way_bytes bytes) noexcept {
  const double up = bytes.up, down = bytes.down;
  return e.rtt_var + up * (2 * e.rtt_up_cov + up * e.up_var)
         + down * (2 * (e.rtt_down_cov + up * e.up_down_cov) + down * e.down_var);
}

/// What an event waits for its function at the site.
struct readiness {
  double charge; ///< its share of a load
  double held;   ///< what is left of a deployment when it comes
};

inline readiness readiness_of(const estimate& e, double transit_ms,
                              double now_ms) noexcept {
  return {now_ms > e.warm_until_ms ? e.cold_charge_ms : 0,
          e.ready_at_ms > 0
            ? std::max(0.0, e.ready_at_ms - (now_ms + transit_ms))
            : 0};
}

/// Of one event, ms^2: p.epistemic and what single events scatter by. Of `p` the
/// network, queue, service and epistemic parts are there.
[[gnu::always_inline]] inline double
variance_with(const prediction& p, const estimate& e, double backlog_ms,
              double line_ms, double others, double share) noexcept {
  const double grain = e.grain_ms;
  return p.epistemic + e.net_noise_ms2
         + p.network * p.network * e.net_noise_share2
         // known to some 12 %, and less well
         + backlog_ms * backlog_ms / 64 + line_ms * line_ms / 16
         + p.service * p.service * spread_of(e.log_noise)
         + std::min(grain * grain, 4 * p.service * p.service)
         + p.queue * p.queue * e.log_noise
         // How many others there are is known by a report of a while ago only:
         // as uncertain as a Poisson number.
         + others * e.mean_service_ms * e.mean_service_ms * share * share;
}

/// Straight to its place: a copy of what was just written word by word would
/// wait for these stores (a fifth of a decision), as would one of the features.
/// Not inlined, it would take half as long again.
[[gnu::always_inline]] inline void predict_into(prediction& p, const estimate& belief,
                         const candidate& site, const event_features& event,
                         double now_ms) noexcept {
  const way_bytes bytes = event.bytes;
  const double transit = belief.rtt_ms / 2 + belief.up_ms_per_byte * bytes.up
                         + site.backlog_ms;
  double size = event.size;
  double known = std::max(0.0, site.free_in_ms - transit);
  double ahead = known, usual = belief.mean_service_ms, load = belief.load;
  if (site.batches != nullptr) [[unlikely]] {
    const auto with = join(*site.batches, size, now_ms + transit, now_ms);
    size = with.size;
    known = with.waits_ms;
    ahead = with.ahead_ms;
    usual = 0;
    load /= site.batches->terms.most;
  }
  const auto [service, doubt] = service_at(belief, size, now_ms);
  double work = service;
  if (site.batches != nullptr) [[unlikely]]
    work *= share_of(belief, site.batches->terms, event.size, size);
  const double others = others_now(
    {belief.others, now_ms - belief.reported_ms, belief.others_usual,
     site.in_flight - belief.own_reported, belief.others_per_own});
  const double foreign = others_wait_ms(
    others, site.in_flight, belief.servers, belief.mean_service_ms);
  const double share = 1 / belief.servers;
  // Those that wait for the function are not in the plan of the site's servers.
  known = std::max(known, site.waiting * work * share);
  const double queue = site.loop_lag_ms + known + foreign;
  const auto [charge, held] = readiness_of(belief, transit, now_ms);
  const double cold = std::max(charge, held);
  // Own replies that will be ready before this one's.
  const double there = transit + queue + service + cold;
  const double line = std::clamp(site.replies_free_in_ms - there, 0.0,
                                 site.replies_ahead_ms);
  const double network = transit + belief.rtt_ms / 2
                         + belief.down_ms_per_byte * bytes.down + line;
  const double busy = service + queue;
  p.network = network;
  p.transit = transit;
  p.queue = queue;
  p.service = service;
  p.cold = cold;
  p.overdue = belief.overdue_ms;
  p.total = network + queue + service + cold + belief.overdue_ms;
  p.epistemic = busy * busy * spread_of(doubt) + way_var(belief, bytes);
  p.variance
    = variance_with(p, belief, site.backlog_ms, line, others, share)
      + (held > 0 ? belief.ready_var : 0);
  p.promise_sigmas = belief.promise_sigmas;
  p.interval_sigmas = belief.interval_sigmas;
  p.imposed = imposed_ms(belief, site, bytes, work * share, ahead, queue, usual,
                         load);
  p.in_flight = site.in_flight;
  p.servers = belief.servers;
  p.work = work;
  const double work_s = (work + charge) / 1000; // waiting costs nothing
  p.price = work_s * site.price_per_s;
  p.joule = work_s * site.watts;
}

} // namespace faas::routing::detail
