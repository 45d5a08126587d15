#include "libfaas/sim/gateway.hpp"

#include "libfaas/routing/shortlist.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

namespace faas::sim {

using namespace routing;

namespace {

/// What predictors call that time, ms.
double clock_ms(double now) noexcept {
  return to_ms(at(now).time_since_epoch());
}

/// A decision by counts alone.
decision decide_by_counts(std::span<const candidate> candidates,
                          std::span<const double> servers,
                          const event_features& event, policy& rule,
                          random_source& random, time_point now) {
  decision made;
  made.count = static_cast<uint8_t>(candidates.size());
  for (uint8_t i = 0; i < made.count; ++i) {
    made.sites[i] = candidates[i].site;
    if (!candidates[i].healthy)
      continue;
    made.healthy |= uint32_t{1} << i;
    made.parts[i] = {};
    made.parts[i].in_flight = candidates[i].in_flight;
    made.parts[i].servers = servers[i];
  }
  if (made.healthy == 0)
    return made;
  const auto first = static_cast<uint8_t>(std::countr_zero(made.healthy));
  const auto answer = std::has_single_bit(made.healthy)
                        ? rule.only(made, event, first, now)
                        : rule.choose(made, event, random, now);
  made.chosen = answer.chosen;
  made.why = answer.why;
  made.propensity = answer.propensity;
  return made;
}

predictor_config predicting(const run_options& options,
                            const scenario& world) {
  auto how = options.predictor;
  how.routers = static_cast<double>(world.gateways);
  // Nodes know their functions' idle times.
  double keep = 0;
  for (const auto& site : world.sites)
    keep = std::max(keep, site.cold.keep_ms);
  if (options.keep_ms > 0)
    keep = options.keep_ms;
  if (keep > 0)
    how.keep_ms = keep;
  return how;
}

} // namespace

gateway::gateway(const scenario& world, const run_options& how)
  : predictor_(predicting(how, world)), lighter_(world.functions) {
  for (const auto& law : world.functions)
    functions_.push_back(*predictor_.add_function(
      law.name, law.told ? std::optional{line{law.ms_per_unit, law.ms_fixed}}
                         : std::nullopt));
  for (const auto& law : world.sites) {
    auto link = law.link.local() ? loopback_link() : link_spec{};
    link.name = law.name;
    links_.push_back(*predictor_.add_link(link));
    servers_.push_back(static_cast<double>(law.servers));
    sites_.push_back(*predictor_.add_site(
      {law.name, law.tier, links_.back(), servers_.back()}));
    local_.push_back(law.link.local());
    costs_.push_back(law.costs);
    loads_.emplace_back(servers_.back());
  }
  deployed_at_.resize(sites_.size());
  link_loads_.resize(sites_.size());
  replies_.resize(sites_.size());
  for (const auto function : functions_) {
    cells_.emplace_back();
    for (const auto site : sites_)
      cells_.back().push_back(predictor_.cell(function, site, at(0)));
    if (!how.policy)
      continue;
    policies_.push_back(how.policy(sites_));
    probing_.push_back(dynamic_cast<probing_policy*>(policies_.back().get()));
    hedges_.push_back(policies_.back()->hedging() != nullptr
                        ? std::make_unique<hedges>()
                        : nullptr);
  }
  learn_profiles(world);
  batching_.assign(functions_.size(),
                   std::vector<batching_site>(sites_.size()));
  if (how.predictor.batches)
    learn_batches(world);
  watched_ = how.watch != nullptr;
  shown_.resize(std::min(sites_.size(), max_candidates));
  std::iota(shown_.begin(), shown_.end(), 0u);
  predicts_ = sites_.size() > max_candidates; // a shortlist is made by them
  for (const auto& one : policies_)
    predicts_ = predicts_ || one->predicts() || how.always_predict;
}

/// A model that is batched has had its trial run at the site, if anybody tells.
void gateway::learn_profiles(const scenario& world) {
  for (size_t s = 0; s < world.sites.size(); ++s) {
    const auto& site = world.sites[s];
    for (size_t f = 0; site.batch && f < world.functions.size(); ++f) {
      const auto& of = world.functions[f];
      if (!of.told)
        continue;
      predictor_.set_profile(
        functions_[f], sites_[s],
        {site.slowdown * site.batch->item_ms.value_or(of.ms_per_unit),
         site.slowdown * site.batch->base_ms.value_or(of.ms_fixed)},
        at(0));
    }
  }
}

void gateway::learn_batches(const scenario& world) {
  for (size_t s = 0; s < world.sites.size(); ++s) {
    const auto& law = world.sites[s].batch;
    for (uint32_t f = 0; law && law->most > 1 && f < functions_.size(); ++f) {
      batching_[f][s] = {f, {law->most, law->window_ms}, &loads_[s].open()};
      predictor_.set_batches(functions_[f], sites_[s], law->most);
    }
  }
}

candidate gateway::candidate_of(size_t function, size_t site, double now) {
  candidate one;
  one.site = sites_[site];
  one.cell = cells_[function][site].get();
  one.in_flight = loads_[site].in_flight();
  one.batches = batching(function, site);
  if (one.batches == nullptr)
    one.free_in_ms = loads_[site].free_in_ms(at(now));
  if (deploying(site, now)) // all that were sent there wait
    one.waiting = one.in_flight;
  one.price_per_s = costs_[site].price_per_s;
  one.watts = watts_per_event(costs_[site], servers_[site]);
  if (!local_[site]) {
    one.backlog_ms = link_loads_[site].backlog_ms(at(now));
    one.replies_free_in_ms = replies_[site].free_ms() - clock_ms(now);
    one.replies_ahead_ms = replies_[site].ahead_ms();
  }
  return one;
}

/// As on nodes, most policies do not see a site while functions are on their way
/// to it. Where there is no other, events wait there all the same.
std::span<const char> gateway::open_to(size_t function,
                                       std::span<const char> up, double now) {
  if (now >= all_deployed_at_ || policies_[function]->may_wait())
    return up;
  bool some = false, differs = false;
  open_.assign(up.begin(), up.end());
  for (size_t i = 0; i < open_.size(); ++i) {
    differs = differs || (up[i] != 0 && deploying(i, now));
    open_[i] = up[i] != 0 && !deploying(i, now);
    some = some || open_[i] != 0;
  }
  return some && differs ? open_ : up;
}

void gateway::fill_candidates(const draw& event, std::span<const char> up,
                              double now) {
  candidates_.clear();
  for (const auto i : shown_) {
    candidate one;
    if (predicts_)
      one = candidate_of(event.function, i, now);
    else {
      one.site = sites_[i];
      one.in_flight = loads_[i].in_flight();
    }
    one.healthy = up[i] != 0;
    candidates_.push_back(one);
  }
}

/// More sites than a decision holds: as a node does.
void gateway::show_some(const draw& event, const event_features& features,
                        std::span<const char> up, double now,
                        random_source& random) {
  shortlist some{features, *policies_[event.function], random, at(now),
                 sites_.size()};
  for (uint32_t i = 0; i < sites_.size(); ++i)
    if (up[i] != 0)
      some.offer(candidate_of(event.function, i, now), i);
  const auto first = some.finish();
  shown_.assign(first.begin(), first.end());
}

decision gateway::decide_for(const draw& event, std::span<const char> up,
                             double now, random_source& random) {
  up = open_to(event.function, up, now);
  event_features features;
  features.size = event.size;
  features.bytes = event.bytes;
  features.deadline_ms = left_ms(event, now);
  if (sites_.size() > max_candidates)
    show_some(event, features, up, now, random);
  fill_candidates(event, up, now);
  auto& rule = *policies_[event.function];
  // Not a variable that is assigned later: a decision is some 5 KiB.
  return predicts_ ? decide(candidates_, features, rule, random, at(now))
                   : decide_by_counts(candidates_, servers_, features, rule,
                                      random, at(now));
}

/// The best variant's decision; `event` becomes its event.
variant_search gateway::search(draw& event, std::span<const char> up,
                               double now, random_source& random) {
  variant_search all{left_ms(event, now)};
  auto asked = event;
  for (;;) {
    all.add(decide_for(asked, up, now, random));
    if (all.best_is_last())
      event = asked;
    if (all.settled() || !lighter_.of(asked.function))
      return all;
    asked = lighter_.as(asked, *lighter_.of(asked.function));
  }
}

sending gateway::choose(const draw& drawn, std::span<const char> up, double now,
                        random_source& random) {
  auto event = drawn;
  const auto made = lighter_.of(event.function)
                      ? search(event, up, now, random).made()
                      : decide_for(event, up, now, random);
  wanted_.clear();
  if (!made) {
    sending none;
    none.why = made.why;
    return none;
  }
  if (probing_[event.function] != nullptr)
    want(made, event.function, random);
  auto how = start(made, event, now);
  if (hedges_[event.function])
    how.second_after_ms = second_after(made, event, now);
  return how;
}

std::optional<double> gateway::second_after(const decision& made,
                                            const draw& event, double now) {
  auto& mine = *hedges_[event.function];
  const auto& bounds = *policies_[event.function]->hedging();
  mine.budget.count(bounds);
  event_features features;
  features.deadline_ms = left_ms(event, now);
  return mine.planner.after(made, features, bounds, mine.budget.bar());
}

/// As a node does (actors/routing/loop_port_seconds.cpp): sites may do otherwise
/// by now, so the choice and its worth are looked at again.
sending gateway::choose_second(const draw& event, const sending& first,
                               double age_ms, std::span<const char> up,
                               double now, random_source& random) {
  sending none;
  const auto made = decide_for(event, up, now, random);
  if (!made)
    return none;
  const auto& there = made.chosen_parts();
  const auto gain = hedge_gain({first.predicted_ms, first.promised_ms}, age_ms,
                               latency_law{there});
  const auto& bounds = *policies_[event.function]->hedging();
  auto& budget = hedges_[event.function]->budget;
  if (gain <= budget.bar() * hedge_cost(there, bounds) || !budget.take())
    return none;
  return start(made, event, now);
}

sending gateway::start(const decision& made, const draw& event, double now) {
  // By what the decision says: others may have been made since.
  const auto chosen = to_int(made.sites[made.chosen]);
  const auto& parts = made.chosen_parts();
  sending how;
  how.site = chosen;
  how.function = event.function;
  how.why = made.why;
  if (watched_)
    how.made = std::make_shared<const decision>(made);
  how.in_flight = loads_[chosen].in_flight();
  if (predicts_) {
    how.predicted_ms = parts.total;
    how.predicted_sd = std::sqrt(parts.variance);
    how.promised_ms = promised_ms(parts);
    how.reach_ms = reach_ms(parts);
    how.service_ms = parts.service;
    how.back_ms = parts.network - parts.transit;
    if (!local_[chosen]) {
      const auto belief = cells_[event.function][chosen]->read();
      how.backlog = link_loads_[chosen].backlog_ms(at(now));
      link_loads_[chosen].send(event.bytes.up, belief.up_ms_per_byte, at(now));
      how.reply = {clock_ms(now) + parts.transit + parts.queue + parts.service
                     + parts.cold,
                   belief.down_ms_per_byte * event.bytes.down};
      replies_[chosen].expect(how.reply);
    }
  }
  const auto transit = predicts_ ? parts.transit : 0;
  const auto* joined = predicts_ ? batching(event.function, chosen) : nullptr;
  if (joined != nullptr)
    how.ticket = loads_[chosen].join(
      batched(cells_[event.function][chosen]->read(), *joined, event.size,
              at(now)),
      transit, at(now));
  else
    loads_[chosen].start(how.service_ms, transit, at(now));
  return how;
}

void gateway::want(const decision& made, size_t function,
                   random_source& random) {
  for (const auto site : probing_[function]->probes(made, random))
    wanted_.push_back(static_cast<uint32_t>(
      std::find(sites_.begin(), sites_.end(), site) - sites_.begin()));
}

/// As a node does (loop_port::leave_link).
gateway::waits gateway::leave_link(const draw& event, const sending& how,
                                   const outcome& ended, double sent,
                                   double now) {
  const auto belief = cells_[event.function][how.site]->read();
  const auto carried = ended.total_ms - ended.queue_ms - ended.service_ms
                       - ended.cold_ms - belief.rtt_ms;
  const auto back = replies_[how.site].came(
    how.reply, carried - how.backlog - belief.up_ms_per_byte * event.bytes.up,
    clock_ms(now) - belief.rtt_ms / 2);
  const auto there = link_loads_[how.site].crossed(
    event.bytes.up, at(sent),
    carried - back - belief.down_ms_per_byte * event.bytes.down,
    belief.up_ms_per_byte);
  return {there.value_or(how.backlog) + back, there.has_value()};
}

/// How many of its own others are at the site.
uint32_t gateway::count_return(const sending& how, const passage& way,
                               double now, bool lost) {
  const auto inside = lost ? -1 : way.end - way.at_site;
  auto& load = loads_[how.site];
  return how.ticket == 0
           ? load.finish(how.service_ms, how.back_ms, at(now), inside)
           : load.leave(
             how.ticket,
             {how.back_ms, inside, way.batch_ms, way.batch_size}, at(now));
}

void gateway::returned(const draw& event, const sending& how,
                       const record& seen, const passage& way, double sent,
                       size_t inside, double now, bool lost) {
  const auto site = how.site;
  const auto there = count_return(how, way, now, lost);
  outcome ended;
  ended.site = sites_[site];
  ended.size = event.size;
  ended.bytes = event.bytes;
  ended.total_ms = now - sent;
  ended.in_flight = how.in_flight;
  ended.failed = lost;
  ended.at = at(now);
  if (!lost) {
    ended.queue_ms = way.queue_ms;
    ended.cold_ms = way.cold_ms;
    ended.service_ms = way.service_ms;
    ended.queue_length = static_cast<double>(inside);
  }
  policies_[event.function]->ended(ended);
  if (lost)
    replies_[site].gone(how.reply);
  if (!predicts_ || lost)
    return;
  silent_.event(sites_[site], at(now));
  const auto waited = local_[site] ? waits{how.backlog, false}
                                   : leave_link(event, how, ended, sent, now);
  observation learned;
  learned.function = functions_[event.function];
  learned.site = ended.site;
  learned.size = event.size;
  learned.bytes = event.bytes;
  learned.backlog_ms = waited.ms;
  learned.backlog_seen = waited.seen;
  learned.total_ms = ended.total_ms;
  learned.queue_ms = ended.queue_ms;
  learned.service_ms = ended.service_ms;
  learned.cold_ms = ended.cold_ms;
  if (how.ticket != 0) {
    learned.batch_ms = way.batch_ms;
    learned.batch_size = way.batch_size;
  }
  learned.in_flight = there;
  learned.queue_length = static_cast<uint32_t>(inside);
  learned.predicted_ms = seen.predicted_ms;
  learned.predicted_sd = seen.predicted_sd;
  learned.predicted_reach = std::max(seen.reach_ms, 0.0);
  learned.at = at(now);
  predictor_.observe(learned);
  predictor_.publish(at(now));
}

void gateway::joined(size_t site, double deploy_ms, double now) {
  deployed_at_[site] = now + deploy_ms;
  all_deployed_at_ = std::max(all_deployed_at_, deployed_at_[site]);
  if (!predicts_)
    return;
  predictor_.observe_return(sites_[site], at(now));
  for (size_t f = 0; deploy_ms > 0 && f < functions_.size(); ++f)
    predictor_.observe_deployment(functions_[f], sites_[site],
                                  {{{deploy_ms, 0}, false}},
                                  at(now));
  predictor_.publish(at(now));
}

bool gateway::asks(size_t site, double now) {
  const bool due = silent_.due(sites_[site], at(now));
  if (due)
    silent_.asked(sites_[site], at(now));
  return due;
}

void gateway::probed(size_t site, double slowdown, double now) {
  predictor_.observe_probe(sites_[site], slowdown, at(now));
}

void gateway::pinged(size_t site, double rtt_ms, double now) {
  if (!local_[site])
    predictor_.observe_ping(links_[site], rtt_ms, at(now));
}

void gateway::tick(std::span<const in_flight_event> late, double now) {
  for (size_t s = 0; s < sites_.size() && all_deployed_at_ > 0; ++s)
    if (deployed_at_[s] > 0 && !deploying(s, now)) {
      deployed_at_[s] = 0;
      for (const auto function : functions_)
        predictor_.observe_deployment(function, sites_[s], {}, at(now));
    }
  predictor_.tick(late, at(now));
  predictor_.publish(at(now));
}

} // namespace faas::sim
