#include "libfaas/whatif/simulated_log.hpp"

#include "libfaas/decisions/sampler.hpp"
#include "libfaas/decisions/segment_writer.hpp"
#include "libfaas/sim/site_state.hpp"

#include <algorithm>
#include <cmath>

namespace faas::whatif {
namespace {

/// Any time will do; this one is in November 2023.
constexpr int64_t begin_us = 1'700'000'000'000'000;

std::vector<decisions::context_ptr> contexts(const sim::scenario& world,
                                             const std::string& policy) {
  std::vector<decisions::context_ptr> made;
  for (const auto& function : world.functions) {
    decisions::context one{function.name, 1, policy, {}};
    for (const auto& site : world.sites)
      one.sites.push_back(site.name);
    made.push_back(std::make_shared<const decisions::context>(std::move(one)));
  }
  return made;
}

/// More sites than a decision holds: those that it looked at.
decisions::context_ptr seen_by(const routing::decision& made,
                               const decisions::context_ptr& all) {
  if (made.count == all->sites.size())
    return all;
  auto some = *all;
  some.sites.clear();
  for (size_t i = 0; i < made.count; ++i) // a gateway enters them in this order
    some.sites.push_back(all->sites[routing::to_int(made.sites[i])]);
  return std::make_shared<const decisions::context>(std::move(some));
}

decisions::record record_of(const sim::record& seen, const sim::draw& event,
                            const routing::decision& chosen,
                            const decisions::context_ptr& of) {
  decisions::record made;
  made.of = seen_by(chosen, of);
  made.at_us = begin_us + std::llround(seen.sent * 1000);
  made.size = event.size;
  made.bytes = event.bytes.up;
  made.chosen = chosen.chosen;
  made.runner_up = chosen.runner_up;
  made.why = chosen.why;
  made.propensity = chosen.propensity;
  made.total_ms = static_cast<float>(seen.latency_ms);
  made.queue_ms = static_cast<float>(seen.queue_ms);
  made.service_ms = static_cast<float>(seen.service_ms);
  made.cold_ms = static_cast<float>(seen.cold_ms);
  if (seen.cold_ms > 0)
    made.start = decisions::began::cold;
  made.sites.resize(made.of->sites.size());
  decisions::note_sites(chosen, made.sites);
  return made;
}

} // namespace

std::vector<decisions::record> simulated_log(const sim::scenario& world,
                                             sim::run_options how,
                                             const std::string& policy,
                                             double share) {
  const auto names = contexts(world, policy);
  random_source ids{how.seed};
  decisions::sampler kept{share, 0};
  std::vector<decisions::record> all;
  how.always_predict = true;
  how.watch = [&](const sim::record& seen, const sim::draw& event,
                  const routing::decision& chosen) {
    auto one = record_of(seen, event, chosen, names[event.function]);
    one.id = call_id::make(ids);
    one.logged = kept.draw(one.id, {});
    if (one.logged <= 0)
      return;
    decisions::round_as_kept(one);
    all.push_back(std::move(one));
  };
  sim::run(world, how);
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.at_us < b.at_us;
  });
  return all;
}

} // namespace faas::whatif
