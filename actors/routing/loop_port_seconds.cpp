// Second starts (hedging): when one pays, who answers, who is told to stop.
#include "actors/routing/loop_inbox.hpp"
#include "actors/routing/loop_port.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

/// The loop's timer is not set anew for less than this.
constexpr auto timer_slack = std::chrono::microseconds{200};

} // namespace

/// What answers in parts does so through a gate, which a second answer closes.
void loop_port::may_start_twice(flight& ready) {
  if (!ready.event.parts || ready.gate)
    return;
  ready.gate = std::make_shared<first_part>(std::move(ready.event.parts));
  ready.event.parts = ready.gate;
}

/// After the first start: looks again when a second one would pay.
void loop_port::plan_second(local_route& mine, uint64_t token,
                            const routing::decision& made, time_point now) {
  const auto* bounds = mine.policy->hedging();
  const auto* open = flights_.find(token); // null: answered already
  if (bounds == nullptr || open == nullptr || !open->via->view.idempotent
      || seconds_.size() >= 2 * size_t{deps_.capacity})
    return;
  mine.hedges.count(*bounds);
  routing::event_features features;
  features.deadline_ms = to_ms(open->event.deadline - now);
  const auto after = mine.planner.after(made, features, *bounds,
                                        mine.hedges.bar());
  if (!after)
    return;
  seconds_.push({now + from_ms(*after), token});
  wake_for_seconds();
}

void loop_port::wake_for_seconds() {
  if (seconds_.empty() || seconds_.top().when + timer_slack >= woken_at_)
    return;
  const auto when = seconds_.top().when;
  const bool set = loop_.post_at(when, [self = inbox_, when] {
    auto* port = self->port();
    if (port == nullptr)
      return;
    if (port->woken_at_ == when)
      port->woken_at_ = time_point::max();
    port->start_due_seconds();
  });
  if (set)
    woken_at_ = when;
  else
    seconds_ = {}; // this loop has no timers
}

void loop_port::start_due_seconds() {
  const auto now = deps_.clock.now();
  while (!seconds_.empty() && seconds_.top().when <= now) {
    const auto token = seconds_.top().token;
    seconds_.pop();
    start_second(token, now);
  }
  wake_for_seconds();
}

/// The sites may do otherwise by now, so the choice and its worth are looked at
/// again; and an answer may have begun.
void loop_port::start_second(uint64_t token, time_point now) {
  auto* first = flights_.find(token);
  if (first == nullptr || first->twin != 0 || first->second || !first->owner
      || flights_.full() || (first->gate && first->gate->began())
      || !inbox_->wanted(token))
    return;
  auto* mine = local_of(*first->via);
  if (mine == nullptr || mine->shared != first->via)
    return; // positions of sites have moved
  const auto* bounds = mine->policy->hedging();
  auto chosen = choose(*mine, first->event,
                       {first->tried, first->needs.get()}, now);
  if (bounds == nullptr || !chosen)
    return;
  const auto& there = chosen.chosen_parts();
  const auto age = to_ms(now - first->sent);
  const auto gain
    = routing::hedge_gain(routing::latency_law{first->predicted}, age,
                          routing::latency_law{there});
  if (gain <= mine->hedges.bar() * routing::hedge_cost(there, *bounds)
      || !mine->hedges.take())
    return;
  chosen.why = routing::reason::hedged;
  chosen.propensity = 0;
  flight ready;
  ready.event = first->event;
  ready.event.parts = nullptr;
  ready.tried = first->tried;
  ready.attempts = first->attempts;
  ready.asked = first->asked;
  ready.elsewhere = first->elsewhere;
  ready.needs = first->needs;
  ready.second = true;
  ready.twin = token;
  launch(*mine, std::move(ready), chosen, now);
}

/// One of two starts has ended. True: it has the answer, and the duty to give
/// it; the other is told to stop. False: the other one goes on, alone. What has
/// begun to answer in parts cannot be taken back: that answer counts, however
/// it ends.
bool loop_port::settle_twins(flight& ended, const reply& answer) {
  const auto token = std::exchange(ended.twin, 0);
  auto* other = flights_.find(token);
  if (other == nullptr)
    return ended.owner != nullptr;
  other->twin = 0;
  const auto& gate = ended.second ? other->gate : ended.gate;
  const bool counts
    = ended.second ? answer.code == errc::ok && (!gate || gate->close())
                   : answer.code == errc::ok || (gate && gate->began());
  auto& heir = counts ? ended : *other;
  if (auto& before = counts ? *other : ended; before.owner) {
    heir.owner = std::move(before.owner);
    heir.owner_token = before.owner_token;
  }
  if (!counts)
    return false;
  other->beaten = true;
  inbox_->shut(token);
  return true;
}

} // namespace faas::actors
