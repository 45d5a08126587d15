#include "actors/predictor/site_rows.hpp"

#include "actors/routing/route_choice.hpp"
#include "libfaas/routing/foretold.hpp"
#include "libfaas/routing/policies/min_latency.hpp"

#include <algorithm>
#include <cmath>

namespace faas::actors {
namespace {

/// What is asked: where an event would go that is as most of the function's are,
/// of that size, and has come just now.
struct question {
  const rows_source& from;
  const route& of;
  std::unique_ptr<routing::policy> rule;
  routing::event_features event;
};

question question_of(const rows_source& from, const route& of, double size) {
  question made{from, of, policy_of(of), {}};
  made.event.size = size;
  made.event.bytes = from.core.mean_bytes(of.index);
  auto left = of.view.timeout;
  if (of.deadline > duration::zero())
    left = left > duration::zero() ? std::min(left, of.deadline) : of.deadline;
  made.event.deadline_ms = to_ms(left);
  return made;
}

/// Empty: events may go there.
std::string why_not(const question& asked, const route_target& target) {
  const auto usable = target.host != nullptr
                      || (target.via && target.via->takes());
  if (!usable)
    return "the node does not answer";
  const auto body = static_cast<size_t>(asked.event.bytes.up);
  if (target.via && !target.via->takes(body))
    return "the node is of an older version, to which requests of "
           + std::to_string(body) + " bytes do not travel";
  if (target.cannot)
    return "it cannot be loaded there now";
  if (target.deploying && !asked.rule->may_wait())
    return "it is still being brought there, and policy "
           + policy_text(asked.of) + " does not wait";
  return {};
}

routing::candidate candidate_for(const question& asked,
                                 const route_target& target,
                                 const site_status& row) {
  const auto body = static_cast<size_t>(asked.event.bytes.up);
  auto made = candidate_of(target, body, asked.from.now);
  made.healthy = row.candidate;
  if (target.deploying)
    made.waiting = static_cast<double>(row.in_flight);
  return made;
}

void add_prediction(site_status& row, const question& asked,
                    const route_target& target,
                    const routing::candidate& there) {
  const auto& from = asked.from;
  const auto belief = target.cell->read();
  if (target.deploying)
    row.ready_in_ms = std::max(
      0.0, belief.ready_at_ms - to_ms(from.now.time_since_epoch()));
  row.servers = belief.servers;
  row.shared = !target.own_queue;
  const auto parts = routing::predict(belief, there, asked.event, from.now);
  row.network_ms = parts.network;
  row.queue_ms = parts.queue;
  row.service_ms = parts.service;
  row.cold_ms = parts.cold;
  row.total_ms = parts.total;
  row.imposed_ms = parts.imposed;
  row.stddev_ms = std::sqrt(std::max(parts.variance, 0.0));
}

/// What is the same in all rows.
site_status row_for(const question& asked) {
  site_status row;
  row.size = asked.event.size;
  row.request_bytes = asked.event.bytes.up;
  row.reply_bytes = asked.event.bytes.down;
  row.policy = policy_text(asked.of);
  row.foretold = asked.rule->foretells();
  return row;
}

site_status row_of(const question& asked, const route_target& target) {
  const auto& from = asked.from;
  const auto& of = asked.of;
  auto row = row_for(asked);
  row.site = target.site;
  row.tier = target.tier;
  row.why_not = why_not(asked, target);
  row.candidate = row.why_not.empty();
  row.slowdown = from.core.health_of(target.index).slowdown;
  row.unexplained_ms
    = from.core.accuracy_of(of.index, target.index).unexplained_ms;
  const auto totals = from.stats.of(of.view.name, target.site);
  row.chosen = totals.chosen;
  row.completed = totals.completed;
  row.failed = totals.failed;
  row.in_flight = totals.in_flight;
  row.error_ms = totals.error_ms;
  return row;
}

/// By the policy; where that cannot be foretold by total and imposed, as
/// min-latency does.
void mark(std::vector<site_status>& rows, const question& asked,
          std::span<const routing::candidate> sites) {
  routing::min_latency usual;
  auto& rule = asked.rule->foretells() ? *asked.rule : usual;
  const auto chosen
    = routing::foretell(sites, asked.event, rule, asked.from.now);
  if (chosen.best != routing::foretold::none)
    rows[chosen.best].best = true;
  if (chosen.runner_up != routing::foretold::none)
    rows[chosen.runner_up].runner_up = true;
}

} // namespace

std::vector<site_status> site_rows(const rows_source& from, const route& of,
                                   double size) {
  const auto asked = question_of(from, of, size);
  std::vector<site_status> all;
  std::vector<routing::candidate> sites;
  for (const auto& target : of.targets) {
    auto& row = all.emplace_back(row_of(asked, target));
    sites.push_back(candidate_for(asked, target, row));
    add_prediction(row, asked, target, sites.back());
  }
  mark(all, asked, sites);
  for (const auto& other : of.unfit) {
    auto& row = all.emplace_back(row_for(asked));
    row.site = other.site;
    row.tier = other.tier;
    row.why_not = other.why;
  }
  return all;
}

} // namespace faas::actors
