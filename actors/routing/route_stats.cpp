#include "actors/routing/route_stats.hpp"

#include <algorithm>
#include <bit>
#include <map>

namespace faas::actors {
namespace {

using labels = std::vector<std::pair<std::string, std::string>>;
using kind = metric_family::kind;

metric_sample sample_of(labels of, double value) {
  metric_sample sample;
  sample.labels = std::move(of);
  sample.value = value;
  return sample;
}

/// Rows of one function and site, over all loops.
using group = std::vector<const target_stats*>;

template <class Get>
double sum(const group& rows, Get&& get) {
  double total = 0;
  for (const auto* row : rows)
    total += static_cast<double>(get(*row));
  return total;
}

metric_sample histogram_of(const labels& of, const group& rows) {
  metric_sample sample;
  sample.labels = of;
  for (size_t b = 0; b + 1 < latency_histogram::buckets; ++b) {
    for (const auto* row : rows)
      sample.count += row->total.counts[b].get();
    sample.buckets.push_back(sample.count);
  }
  for (const auto* row : rows)
    sample.count += row->total.counts.back().get();
  sample.sum = sum(rows, [](const auto& r) { return r.total.sum_ns.get(); })
               / 1e9;
  return sample;
}

/// The samples of one family for one function and site.
using fill_samples = void (*)(std::vector<metric_sample>& to,
                              const labels& base, const group& rows);

labels with(labels base, const char* label, std::string_view value) {
  base.emplace_back(label, std::string{value});
  return base;
}

template <auto Get, int Divisor = 1>
void one_value(std::vector<metric_sample>& to, const labels& base,
               const group& rows) {
  to.push_back(sample_of(base, sum(rows, Get) / Divisor));
}

void by_outcome(std::vector<metric_sample>& to, const labels& base,
                const group& rows) {
  for (size_t i = 0; i < site_outcomes; ++i)
    to.push_back(sample_of(
      with(base, "outcome", name(static_cast<site_outcome>(i))),
      sum(rows, [&](const auto& r) { return r.outcomes[i].get(); })));
}

/// Only reasons that occurred.
void by_reason(std::vector<metric_sample>& to, const labels& base,
               const group& rows) {
  for (size_t i = 0; i < rows.front()->decisions.size(); ++i)
    if (const auto n
        = sum(rows, [&](const auto& r) { return r.decisions[i].get(); });
        n > 0)
      to.push_back(sample_of(
        with(base, "reason", routing::name(static_cast<routing::reason>(i))),
        n));
}

void by_part(std::vector<metric_sample>& to, const labels& base,
             const group& rows) {
  static constexpr std::pair<const char*, tally target_stats::*> parts[] = {
    {"network", &target_stats::network_ns},
    {"queue", &target_stats::queue_ns},
    {"service", &target_stats::service_ns},
    {"cold", &target_stats::cold_ns}};
  for (const auto& [label, field] : parts)
    to.push_back(sample_of(
      with(base, "part", label),
      sum(rows, [&](const auto& r) { return (r.*field).get(); }) / 1e9));
}

void histogram(std::vector<metric_sample>& to, const labels& base,
               const group& rows) {
  to.push_back(histogram_of(base, rows));
}

struct family_rule {
  const char* name;
  const char* help;
  kind what;
  fill_samples fill;
};

constexpr int ns = 1'000'000'000;

constexpr family_rule families[] = {
  {"petrel_function_events_total", "Events by function, site and outcome.",
   kind::counter, by_outcome},
  {"petrel_decisions_total", "Routing decisions by reason.", kind::counter,
   by_reason},
  {"petrel_latency_part_seconds_total", "Sum of measured latency parts.",
   kind::counter, by_part},
  {"petrel_site_seconds", "Latency from dispatch to answer.", kind::histogram,
   histogram},
  {"petrel_prediction_error_seconds_total",
   "Sum of |predicted - measured| latency.", kind::counter,
   one_value<[](const target_stats& r) { return r.error_ns.get(); }, ns>},
  {"petrel_predicted_events_total",
   "Events with a prediction that were measured.", kind::counter,
   one_value<[](const target_stats& r) { return r.predicted_events.get(); }>},
  {"petrel_promises_total",
   "Answers that were promised within a time, and calls that timed out.",
   kind::counter,
   one_value<[](const target_stats& r) { return r.promises.get(); }>},
  {"petrel_promises_kept_total",
   "Of those, answers that took no longer than promised.", kind::counter,
   one_value<[](const target_stats& r) { return r.promises_kept.get(); }>},
  {"petrel_predicted_regret_seconds_total",
   "Sum of predicted latency over that of the best site, by chosen site.",
   kind::counter,
   one_value<[](const target_stats& r) { return r.regret_ns.get(); }, ns>},
  {"petrel_in_flight", "Events at the site now.", kind::gauge,
   one_value<[](const target_stats& r) { return r.in_flight.load(); }>},
  {"petrel_retries_total", "Events sent on after this site did not run them.",
   kind::counter,
   one_value<[](const target_stats& r) { return r.retries.get(); }>},
  {"petrel_hedges_won_total",
   "Second starts of events (hedging) whose answer came first.", kind::counter,
   one_value<[](const target_stats& r) { return r.second_wins.get(); }>},
};

} // namespace

std::string_view name(site_outcome outcome) noexcept {
  static constexpr std::array<std::string_view, site_outcomes> names{
    "ok", "failed", "refused", "timed_out", "lost", "beaten"};
  return names[static_cast<size_t>(outcome)];
}

void latency_histogram::add(uint64_t ns) noexcept {
  const auto power = std::bit_width(ns >> 14); // 16.384 us is bucket 0
  counts[std::min<size_t>(static_cast<size_t>(power), buckets - 1)].add();
  sum_ns.add(ns);
}

double latency_histogram::upper_bound_seconds(size_t bucket) noexcept {
  return static_cast<double>(uint64_t{1} << (14 + bucket)) / 1e9;
}

std::shared_ptr<target_stats> stats_book::open(const function_name& function,
                                               const site_name& site) {
  const std::lock_guard lock{mutex_};
  if (rows_.size() > max_rows)
    return rows_.back();
  auto row = std::make_shared<target_stats>();
  const bool last = rows_.size() == max_rows;
  row->function = last ? function_name{"other"} : function;
  row->site = last ? site_name{"other"} : site;
  rows_.push_back(row);
  return row;
}

std::vector<metric_family> stats_book::collect() const {
  std::map<std::pair<std::string, std::string>, group> groups;
  {
    const std::lock_guard lock{mutex_};
    for (const auto& row : rows_)
      groups[{row->function.str(), row->site.str()}].push_back(row.get());
  }
  std::vector<metric_family> all;
  for (const auto& rule : families) {
    metric_family family{rule.name, rule.help, rule.what, {}, {}};
    if (rule.what == kind::histogram)
      for (size_t b = 0; b + 1 < latency_histogram::buckets; ++b)
        family.bounds.push_back(latency_histogram::upper_bound_seconds(b));
    for (const auto& [key, rows] : groups)
      rule.fill(family.samples, {{"function", key.first}, {"site", key.second}},
                rows);
    all.push_back(std::move(family));
  }
  return all;
}

stats_book::totals stats_book::of(const function_name& function,
                                  const site_name& site) const {
  totals all;
  double error_ns = 0;
  uint64_t predicted = 0;
  const std::lock_guard lock{mutex_};
  for (const auto& row : rows_) {
    if (row->function != function || row->site != site)
      continue;
    for (const auto& d : row->decisions)
      all.chosen += d.get();
    all.completed += row->outcomes[0].get();
    for (const auto bad : {site_outcome::failed, site_outcome::refused,
                           site_outcome::timed_out, site_outcome::lost})
      all.failed += row->outcomes[static_cast<size_t>(bad)].get();
    all.in_flight += row->in_flight.load(std::memory_order_relaxed);
    error_ns += static_cast<double>(row->error_ns.get());
    predicted += row->predicted_events.get();
  }
  if (predicted > 0)
    all.error_ms = error_ns / 1e6 / static_cast<double>(predicted);
  return all;
}

uint64_t stats_book::invocations(const function_name& function) const {
  uint64_t n = 0;
  const std::lock_guard lock{mutex_};
  for (const auto& row : rows_)
    if (row->function == function)
      for (size_t i = 0; i < site_outcomes; ++i)
        if (i != static_cast<size_t>(site_outcome::beaten)) // ended elsewhere
          n += row->outcomes[i].get();
  return n;
}

} // namespace faas::actors
