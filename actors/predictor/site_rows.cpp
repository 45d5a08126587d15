#include "actors/predictor/site_rows.hpp"

#include "libfaas/routing/policies/catalog.hpp"

#include <algorithm>
#include <cmath>

namespace faas::actors {
namespace {

void add_prediction(site_status& row, const rows_source& from,
                    const route_target& target) {
  routing::event_features event;
  event.size = row.size;
  routing::candidate candidate;
  candidate.site = target.index;
  candidate.cell = target.cell.get();
  candidate.in_flight = target.load->in_flight();
  candidate.batches = target.joins();
  if (candidate.batches == nullptr)
    candidate.free_in_ms = target.load->free_in_ms(from.now);
  const auto belief = target.cell->read();
  if (target.deploying) {
    candidate.waiting = static_cast<double>(row.in_flight);
    row.ready_in_ms = std::max(
      0.0, belief.ready_at_ms - to_ms(from.now.time_since_epoch()));
  }
  row.servers = belief.servers;
  row.shared = !target.own_queue;
  const auto parts = routing::predict(belief, candidate, event, from.now);
  row.network_ms = parts.network;
  row.queue_ms = parts.queue;
  row.service_ms = parts.service;
  row.cold_ms = parts.cold;
  row.total_ms = parts.total;
  row.stddev_ms = std::sqrt(std::max(parts.variance, 0.0));
  row.slowdown = from.core.health_of(target.index).slowdown;
}

bool may_wait(const route& of) {
  const auto policy = routing::make_policy(of.policy);
  return policy && (*policy)->may_wait();
}

site_status row_of(const rows_source& from, const route& of,
                   const route_target& target, double size) {
  site_status row;
  row.site = target.site;
  row.tier = target.tier;
  row.size = size;
  row.candidate = target.host != nullptr
                  || (target.via && target.via->usable.load());
  if (!row.candidate)
    row.why_not = "the node does not answer";
  else if (target.cannot)
    row.why_not = "it cannot be loaded there now";
  if (row.candidate && target.deploying && !may_wait(of)) {
    row.candidate = false;
    row.why_not = "it is still being brought there, and policy " + of.policy
                  + " does not wait";
  }
  row.unexplained_ms
    = from.core.accuracy_of(of.index, target.index).unexplained_ms;
  const auto totals = from.stats.of(of.view.name, target.site);
  row.chosen = totals.chosen;
  row.completed = totals.completed;
  row.failed = totals.failed;
  row.in_flight = totals.in_flight;
  add_prediction(row, from, target);
  row.error_ms = totals.error_ms;
  return row;
}

void rank(std::vector<site_status>& all) {
  site_status* best = nullptr;
  site_status* second = nullptr;
  for (auto& row : all) {
    if (!row.candidate)
      continue;
    if (best == nullptr || row.total_ms < best->total_ms) {
      second = best;
      best = &row;
    } else if (second == nullptr || row.total_ms < second->total_ms) {
      second = &row;
    }
  }
  if (best != nullptr)
    best->best = true;
  if (second != nullptr)
    second->runner_up = true;
}

} // namespace

std::vector<site_status> site_rows(const rows_source& from, const route& of,
                                   double size) {
  std::vector<site_status> all;
  for (const auto& target : of.targets)
    all.push_back(row_of(from, of, target, size));
  rank(all);
  for (const auto& other : of.unfit) {
    site_status row;
    row.site = other.site;
    row.tier = other.tier;
    row.size = size;
    row.why_not = other.why;
    all.push_back(std::move(row));
  }
  return all;
}

} // namespace faas::actors
