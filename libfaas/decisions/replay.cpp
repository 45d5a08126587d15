#include "libfaas/decisions/replay.hpp"

#include <algorithm>
#include <bit>

namespace faas::decisions {
namespace {

constexpr std::string_view fixed_prefix = "static:";

routing::prediction prediction_of(const logged_site& site) noexcept {
  routing::prediction p{};
  p.network = site.network;
  p.queue = site.queue;
  p.service = site.service;
  p.work = site.service; // what it shares of a batch is not logged
  p.cold = site.cold;
  p.overdue = site.overdue;
  p.total = site.total();
  p.transit = site.network / 2.0; // not logged; no policy looks at it
  p.variance = double{site.deviation} * site.deviation;
  p.epistemic = double{site.doubt} * site.doubt;
  p.imposed = site.imposed;
  p.in_flight = site.in_flight;
  p.servers = 1; // not logged; only policies by counts look at it
  return p;
}

routing::event_features features_of(const record& one) noexcept {
  routing::event_features made;
  made.size = one.size;
  made.bytes.up = one.bytes;
  made.deadline_ms = one.deadline_ms;
  return made;
}

/// As routing::decide() does once predictions are there.
uint8_t ask(routing::policy& rule, const routing::decision& made,
            const routing::event_features& event, random_source& random,
            time_point now) {
  const auto first = static_cast<uint8_t>(std::countr_zero(made.healthy));
  return std::has_single_bit(made.healthy)
           ? rule.only(made, event, first, now).chosen
           : rule.choose(made, event, random, now).chosen;
}

} // namespace

policy_replay::policy_replay(std::string policy, uint64_t seed, int copies)
  : policy_(std::move(policy)), seed_(seed), copies_(std::max(copies, 1)) {
  if (policy_.starts_with(fixed_prefix))
    fixed_ = policy_.substr(fixed_prefix.size());
}

result<policy_replay> policy_replay::make(std::string_view policy,
                                          uint64_t seed, int copies) {
  policy_replay made{std::string{policy}, seed, copies};
  if (policy.starts_with(fixed_prefix) && !made.fixed_.empty())
    return made;
  if (auto known = routing::make_policy(policy); !known)
    return error{errc::invalid_argument, known.error().message,
                 "use min-latency, random, round-robin or static:SITE"};
  return made;
}

routing::site_index policy_replay::index_of(const std::string& site) {
  const auto next = routing::site_index{static_cast<uint32_t>(sites_.size())};
  return sites_.try_emplace(site, next).first->second;
}

std::vector<policy_replay::copy>& policy_replay::copies_for(const context& of) {
  auto& all = rules_[{of.function, of.version}];
  while (all.size() < static_cast<size_t>(copies_)) {
    auto rule = fixed_.empty()
                  ? routing::make_policy(policy_)
                  : routing::make_policy("static", index_of(fixed_));
    // Known since make().
    all.push_back({std::move(*rule), random_source{seed_++}});
  }
  return all;
}

void policy_replay::add(const record& one) {
  const bool ran = one.how == ending::ok || one.how == ending::failed
                   || one.how == ending::timed_out
                   || one.how == ending::beaten;
  routing::decision made;
  made.count = static_cast<uint8_t>(one.sites.size());
  for (uint8_t i = 0; i < made.count; ++i) {
    made.sites[i] = index_of(one.of->sites[i]);
    made.parts[i] = prediction_of(one.sites[i]);
    if (one.sites[i].considered)
      made.healthy |= uint32_t{1} << i;
  }
  if (made.healthy == 0 || one.chosen >= made.count) {
    ++not_run_;
    return;
  }
  const auto now = time_point{} + std::chrono::microseconds{one.at_us};
  const auto event = features_of(one);
  double same = 0, model = 0, chose = 0;
  for (auto& [rule, random] : copies_for(*one.of)) {
    const auto other = ask(*rule, made, event, random, now);
    if (other == routing::decision::none)
      continue;
    ++chose;
    same += other == one.chosen;
    model += made.parts[other].total;
  }
  if (!ran) { // the policies have seen it all the same
    ++not_run_;
    return;
  }
  if (chose == 0) {
    ++refused_;
    return;
  }
  timed_out_ += one.how == ending::timed_out || one.how == ending::beaten;
  choices_.push_back({one.total_ms, one.propensity, one.logged, same / chose,
                      made.parts[one.chosen].total, model / chose});
}

} // namespace faas::decisions
