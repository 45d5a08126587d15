#include "libfaas/sim/site_state.hpp"

#include "libfaas/sim/batch_servers.hpp"
#include "libfaas/sim/single_servers.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace faas::sim {

site_state::site_state(const site_law& law,
                       std::span<const function_law> functions, bool informs,
                       size_t index)
  : law_(law), index_(index) {
  if (law.batch)
    servers_ = std::make_unique<batch_servers>(law, functions, informs);
  else
    servers_ = std::make_unique<single_servers>(law, functions, informs);
}

/// As it is at this site, where that is known event by event.
draw site_state::here(const draw& event) const noexcept {
  auto made = event;
  if (event.by_site != nullptr)
    made.work = made.mean_work = event.by_site[index_].work;
  return made;
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
  return half + event.bytes.up * ms_per_byte(now).up;
}

/// After how long it will have been served.
double site_state::end_of(const draw& event, double now,
                          knowledge what) const {
  const auto there = std::max(link_free_, now) + transit(event, now, false);
  return event.by_site == nullptr
           ? servers_->expect(event, there, now, what)
           : servers_->expect(here(event), there, now, what);
}

double site_state::expect(const draw& event, double now,
                          knowledge what) const {
  const auto back = rtt_ms(now) / 2 + law_.link.jitter_ms
                    + law_.link.loss * law_.link.retransmit_ms();
  const auto served = end_of(event, now, what);
  const auto carry = carry_back(event, now);
  if (carry <= 0)
    return served + back;
  const auto& line = what == knowledge::draws ? replies_ : law_replies_;
  return served + line.wait_ms(now + served, back_free_) + carry + back;
}

double site_state::replies_ahead_ms(const draw& event, double now) const {
  const auto served = now + end_of(event, now, knowledge::laws);
  return law_replies_.wait_ms(served, back_free_);
}

double site_state::send(draw& event, double now) {
  if (event.by_site != nullptr)
    event = here(event);
  const auto start = std::max(link_free_, now);
  const auto there = start + transit(event, now, true);
  if (const auto carry = carry_back(event, now); carry > 0) {
    event.ready = now + end_of(event, now, knowledge::draws);
    event.law_ready = now + end_of(event, now, knowledge::laws);
    replies_.expect({event.ready, carry});
    law_replies_.expect({event.law_ready, carry});
  }
  servers_->sent(event, there, start + transit(event, now, false), now);
  link_free_ = start + event.bytes.up * ms_per_byte(now).up;
  return there;
}

double site_state::back(const draw& event, double now) {
  const auto carry = carry_back(event, now);
  if (event.ready > 0) { // the rate may have changed since it was sent
    replies_.leave(event.ready);
    law_replies_.leave(event.law_ready);
  }
  if (carry <= 0)
    return now + way_back(event, now);
  back_free_ = std::max(back_free_, now) + carry;
  return back_free_ + way_back(event, now);
}

void site_state::crash(double until) {
  servers_->crash(until);
  link_free_ = back_free_ = 0;
  replies_.clear();
  law_replies_.clear();
  inside_ = 0;
}

bool site_state::deploy(double until) {
  if (inside_ > 0)
    return false;
  servers_->crash(until);
  return true;
}

void site_state::ended(double found, double ms) noexcept {
  --inside_;
  lately_->add(found, ms);
}

double site_state::lately_ms() const {
  return lately_->lately_ms(static_cast<double>(inside_));
}

} // namespace faas::sim
