#include "libfaas/sim/site_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace faas::sim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

} // namespace

site_state::site_state(const site_law& law, size_t functions, size_t index)
  : law_(law), index_(index), true_(law.servers, law.disturbance),
    warm_until_(functions, law.cold.keep_ms > 0 ? 0 : never),
    by_draws_{station{law.servers, law.disturbance}, warm_until_},
    load_(static_cast<double>(law.servers)), by_laws_warm_(warm_until_) {}

double site_state::work_of(const draw& event, bool drawn) const noexcept {
  const auto work = event.by_site != nullptr ? event.by_site[index_].work
                    : drawn                  ? event.work
                                             : event.mean_work;
  return work * law_.slowdown;
}

double site_state::way_back(const draw& event, double now) const noexcept {
  const auto half = rtt_ms(now) / 2;
  if (event.by_site != nullptr)
    return std::max(0.0, half + event.by_site[index_].extra_ms / 2);
  return half + law_.link.jitter_ms * event.down_jitter
         + (event.down_luck < law_.link.loss ? law_.link.retransmit_ms() : 0);
}

/// From sent to arrival, on a link that is free.
double site_state::transit(const draw& event, double now,
                           bool drawn) const noexcept {
  const auto& link = law_.link;
  const auto late = drawn ? event.up_luck < link.loss : link.loss;
  const auto jitter = link.jitter_ms * (drawn ? event.up_jitter : 1)
                      + late * link.retransmit_ms();
  const auto half = event.by_site != nullptr && drawn
                      ? way_back(event, now) // the same each way
                      : rtt_ms(now) / 2 + jitter;
  return half
         + event.bytes * law_.link.ms_per_byte
             * law_.link.ms_per_byte_factor.at(now);
}

double site_state::service_by_laws(const draw& event,
                                   double there) const noexcept {
  const auto cold
    = there > by_laws_warm_[event.function] ? law_.cold.load_ms : 0;
  return (work_of(event, false) + cold) * law_.disturbance.at(there);
}

double site_state::expect(const draw& event, double now,
                          knowledge what) const noexcept {
  const auto back = rtt_ms(now) / 2 + law_.link.jitter_ms
                    + law_.link.loss * law_.link.retransmit_ms();
  const auto there = std::max(link_free_, now) + transit(event, now, false);
  if (what == knowledge::laws)
    return std::max(there - now, load_.free_in_ms(at(now)))
           + service_by_laws(event, there) + back;
  const auto cold
    = there > by_draws_.warm_until[event.function] ? law_.cold.load_ms : 0;
  const auto work = work_of(event, false) + cold;
  return by_draws_.servers.look(there, work).end - now + back;
}

double site_state::send(draw& event, double now) {
  const auto start = std::max(link_free_, now);
  const auto there = start + transit(event, now, true);
  auto& warm_until = by_draws_.warm_until[event.function];
  const auto cold = there > warm_until ? law_.cold.load_ms : 0;
  const auto served
    = by_draws_.servers.admit(there, work_of(event, true) + cold);
  const auto expected = start + transit(event, now, false);
  event.law_service = service_by_laws(event, expected);
  load_.start(event.law_service, expected - now, at(now));
  if (law_.cold.keep_ms > 0) {
    warm_until = served.end + law_.cold.keep_ms;
    by_laws_warm_[event.function]
      = expected + event.law_service + law_.cold.keep_ms;
  }
  link_free_ = start
               + event.bytes * law_.link.ms_per_byte
                   * law_.link.ms_per_byte_factor.at(now);
  return there;
}

void site_state::returned(const draw& event, double now) {
  load_.finish(event.law_service, rtt_ms(now) / 2 + law_.link.jitter_ms,
               at(now));
}

passage site_state::serve(const draw& event, double now) {
  passage made;
  made.at_site = now;
  ++inside_;
  auto& warm_until = warm_until_[event.function];
  made.cold_ms = now > warm_until ? law_.cold.load_ms : 0;
  const auto served
    = true_.admit(now, work_of(event, true) + made.cold_ms);
  made.begin = served.begin;
  made.end = served.end;
  if (law_.cold.keep_ms > 0)
    warm_until = served.end + law_.cold.keep_ms;
  made.back = served.end + way_back(event, served.end);
  return made;
}

void site_state::crash(double until) {
  const auto none = law_.cold.keep_ms > 0 ? 0 : never;
  true_ = station{law_.servers, law_.disturbance, until};
  std::fill(warm_until_.begin(), warm_until_.end(), none);
  by_draws_ = {true_, warm_until_};
  load_ = routing::site_load{static_cast<double>(law_.servers)};
  by_laws_warm_ = warm_until_;
  link_free_ = 0;
  inside_ = 0;
}

void site_state::ended(double found, double ms) noexcept {
  constexpr size_t kept = 64;
  --inside_;
  if (lately_.size() < kept)
    lately_.emplace_back(found, ms);
  else
    lately_[ended_ % kept] = {found, ms};
  ++ended_;
}

double site_state::lately_ms() const {
  if (lately_.empty())
    return 0;
  const auto found = static_cast<double>(inside_);
  auto nearest = lately_;
  const auto count = static_cast<ptrdiff_t>(std::min<size_t>(8, lately_.size()));
  std::partial_sort(nearest.begin(), nearest.begin() + count, nearest.end(),
                    [&](const auto& a, const auto& b) {
                      return std::abs(a.first - found)
                             < std::abs(b.first - found);
                    });
  std::nth_element(
    nearest.begin(), nearest.begin() + count / 2, nearest.begin() + count,
    [](const auto& a, const auto& b) { return a.second < b.second; });
  return nearest[static_cast<size_t>(count / 2)].second;
}

} // namespace faas::sim
