#include "libfaas/sim/site_state.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace faas::sim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

} // namespace

site_state::site_state(const site_law& law, size_t functions)
  : law_(law), true_(law.servers, law.disturbance),
    warm_until_(functions, law.cold.keep_ms > 0 ? 0 : never),
    by_draws_{station{law.servers, law.disturbance}, warm_until_},
    by_laws_(by_draws_) {}

/// From sent to arrival, on a link that is free.
double site_state::transit(const draw& event, double now,
                           bool drawn) const noexcept {
  const auto& link = law_.link;
  const auto late = drawn ? event.up_luck < link.loss : link.loss;
  const auto jitter = link.jitter_ms * (drawn ? event.up_jitter : 1)
                      + late * link.retransmit_ms();
  return rtt_ms(now) / 2 + jitter
         + event.bytes * law_.link.ms_per_byte
             * law_.link.ms_per_byte_factor.at(now);
}

double site_state::cold(const shadow& of, size_t function,
                        double now) const noexcept {
  return now > of.warm_until[function] ? law_.cold.load_ms : 0;
}

double site_state::expect(const draw& event, double now,
                          knowledge what) const noexcept {
  const auto& state = of(what);
  const auto there
    = std::max(link_free_, now) + transit(event, now, false);
  const auto work = event.mean_work * law_.slowdown
                    + cold(state, event.function, there);
  const auto served = state.servers.look(there, work);
  return served.end - now + rtt_ms(now) / 2 + law_.link.jitter_ms
         + law_.link.loss * law_.link.retransmit_ms();
}

double site_state::send(const draw& event, double now) {
  const auto start = std::max(link_free_, now);
  for (const auto what : {knowledge::draws, knowledge::laws}) {
    const bool drawn = what == knowledge::draws;
    auto& state = of(what);
    const auto there = start + transit(event, now, drawn);
    const auto work = (drawn ? event.work : event.mean_work) * law_.slowdown
                      + cold(state, event.function, there);
    const auto served = state.servers.admit(there, work);
    if (law_.cold.keep_ms > 0)
      state.warm_until[event.function] = served.end + law_.cold.keep_ms;
  }
  link_free_ = start
               + event.bytes * law_.link.ms_per_byte
                   * law_.link.ms_per_byte_factor.at(now);
  return start + transit(event, now, true);
}

passage site_state::serve(const draw& event, double now) {
  passage made;
  made.at_site = now;
  ++inside_;
  auto& warm_until = warm_until_[event.function];
  made.cold_ms = now > warm_until ? law_.cold.load_ms : 0;
  const auto served
    = true_.admit(now, event.work * law_.slowdown + made.cold_ms);
  made.begin = served.begin;
  made.end = served.end;
  if (law_.cold.keep_ms > 0)
    warm_until = served.end + law_.cold.keep_ms;
  made.back = served.end + rtt_ms(served.end) / 2
              + law_.link.jitter_ms * event.down_jitter
              + (event.down_luck < law_.link.loss ? law_.link.retransmit_ms()
                                                  : 0);
  return made;
}

void site_state::crash(double until) {
  const auto none = law_.cold.keep_ms > 0 ? 0 : never;
  true_ = station{law_.servers, law_.disturbance, until};
  std::fill(warm_until_.begin(), warm_until_.end(), none);
  by_draws_ = {true_, warm_until_};
  by_laws_ = by_draws_;
  link_free_ = until;
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
