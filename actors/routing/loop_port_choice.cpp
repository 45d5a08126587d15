// The choice of a site: what a loop knows of a route's targets, as candidates.
#include "actors/routing/loop_port.hpp"
#include "actors/routing/route_choice.hpp"
#include "libfaas/routing/shortlist.hpp"

namespace faas::actors {
namespace {

/// FNV-1a, so that all nodes agree; never 0, which is no key.
uint64_t key_of(std::string_view value) noexcept {
  uint64_t hash = 0xcbf29ce484222325;
  for (const auto c : value)
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  return hash | 1;
}

/// The site of that name, or of the node of that name.
routing::site_index home_of(const route& of, std::string_view name) noexcept {
  for (const auto& target : of.targets)
    if (target.node.str() == name || target.site.str() == name)
      return target.index;
  return routing::no_site;
}

} // namespace

routing::candidate loop_port::candidate_at(const local_route& mine,
                                           uint32_t position,
                                           const invocation& event,
                                           time_point now) const {
  const auto& target = mine.shared->targets[position];
  auto made = candidate_of(target, event.body.size(), now);
  if (!target.via)
    made.loop_lag_ms = to_ms(loop_.lag());
  if (target.deploying) {
    made.healthy = made.healthy && mine.policy->may_wait();
    made.waiting = static_cast<double>(
      mine.stats[position]->in_flight.load(std::memory_order_relaxed));
  }
  return made;
}

/// It is asked only where there is no better one.
bool loop_port::rests(const local_route& mine, uint32_t position,
                      time_point now) const {
  return mine.shared->targets[position].cannot
         || !mine.stats[position]->guard.open(now);
}

/// The route's own events need no look at the node.
bool loop_port::bars(const local_route& mine, uint32_t position,
                     const barred& excluded) const {
  return excluded.tried.has(position)
         || (excluded.needs != nullptr
             && !allows(*excluded.needs, mine.shared->targets[position]));
}

void loop_port::show_some(local_route& mine, const invocation& event,
                          const routing::event_features& features,
                          const barred& excluded, time_point now) {
  const auto count = mine.shared->targets.size();
  mine.shown.clear();
  for (const bool resting : {false, true}) {
    routing::shortlist some{features, *mine.policy, random_, now, count};
    for (uint32_t i = 0; i < count; ++i)
      if (rests(mine, i, now) == resting && !bars(mine, i, excluded))
        some.offer(candidate_at(mine, i, event, now), i);
    const auto first = some.finish();
    mine.shown.assign(first.begin(), first.end());
    if (!mine.shown.empty())
      return;
  }
}

routing::decision loop_port::choose(local_route& mine, const invocation& event,
                                    const barred& excluded,
                                    time_point now) {
  const auto features = features_of(mine, event, now);
  if (mine.shared->targets.size() > routing::max_candidates)
    show_some(mine, event, features, excluded, now);
  std::array<routing::candidate, routing::max_candidates> candidates;
  const auto count = mine.shown.size();
  uint32_t resting = 0;
  bool open = false;
  for (size_t i = 0; i < count; ++i) {
    const auto position = mine.shown[i];
    auto& one = candidates[i] = candidate_at(mine, position, event, now);
    one.healthy = one.healthy && !bars(mine, position, excluded);
    const bool rest = rests(mine, position, now);
    resting |= uint32_t{rest} << i;
    open = open || (one.healthy && !rest);
  }
  for (size_t i = 0; open && i < count; ++i) // else those that rest, too
    candidates[i].healthy
      = candidates[i].healthy && (resting >> i & 1) == 0;
  return routing::decide({candidates.data(), count}, features, *mine.policy,
                         random_, now);
}

double loop_port::time_left_ms(const local_route& mine,
                               const invocation& event,
                               time_point now) noexcept {
  auto until = event.deadline;
  if (mine.shared->deadline > duration::zero())
    until = std::min(until, event.accepted + mine.shared->deadline);
  return to_ms(until - now);
}

routing::event_features loop_port::features_of(const local_route& mine,
                                               const invocation& event,
                                               time_point now) const {
  routing::event_features made;
  made.size = event.size;
  made.bytes = {static_cast<double>(event.body.size()), mine.reply_bytes};
  made.deadline_ms = time_left_ms(mine, event, now);
  if (const auto& header = mine.shared->key; !header.empty())
    if (const auto* value = find_header(event.headers, header)) {
      made.key = key_of(*value);
      made.home = home_of(*mine.shared, *value);
    }
  return made;
}

/// What the log calls the sites of the last choice.
const decisions::context_ptr& loop_port::names_for(local_route& mine) {
  if (mine.named != mine.shown || !mine.names) {
    mine.names = names_of(*mine.shared, mine.shown);
    mine.named = mine.shown;
  }
  return mine.names;
}

} // namespace faas::actors
