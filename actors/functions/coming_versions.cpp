#include "actors/functions/coming_versions.hpp"

#include "actors/functions/deployment_facts.hpp"

namespace faas::actors {
namespace {

time_point point(const std::atomic<int64_t>& ns) noexcept {
  return time_point{duration{ns.load()}};
}

/// A tenth of the time more: each word goes to all nodes, and of what goes on as
/// it did they reckon themselves.
bool says_little(const string_map& before, const string_map& now) {
  constexpr double least_share = 0.1;
  const auto was = deployment_in(before), is = deployment_in(now);
  if (!was || !is || was->loading_ms.has_value() != is->loading_ms.has_value())
    return false;
  const auto elapsed = [](const deployment_said& of) {
    return of.loading_ms.value_or(of.pull.elapsed_ms);
  };
  const double more = elapsed(*is) - elapsed(*was);
  return more >= 0 && more < least_share * elapsed(*is);
}

} // namespace

void coming_versions::note(known_state& known, const placement_changed& what,
                           time_point now) {
  const auto& version = what.now.version;
  if (!what.pending) {
    all_.erase(version); // it has handed over, or given back, what waited
    known.pending.erase(version);
    return;
  }
  auto& entry = all_[version];
  const bool stalled = entry.host == what.pending && entry.stalled;
  entry = {what.pending, what.pull, what.loading_since, stalled};
  known.pending[version] = what.pending;
  say(known, version, entry, now);
}

bool coming_versions::drop(known_state& known, const version_ref& version) {
  const auto found = all_.find(version);
  if (found == all_.end())
    return false;
  found->second.host->give_back("it is brought there no more");
  all_.erase(found);
  known.pending.erase(version);
  return true;
}

void coming_versions::clear(known_state& known) {
  while (!all_.empty())
    drop(known, version_ref{all_.begin()->first});
}

bool coming_versions::look(known_state& known, time_point now) {
  bool changed = false;
  for (auto& [version, entry] : all_) {
    entry.host->look();
    const auto own = known.own.find(version);
    if (own == known.own.end())
      continue;
    auto& facts = own->second.status.facts;
    const auto before = facts;
    say(known, version, entry, now);
    if (says_little(before, facts))
      facts = before;
    changed = changed || facts != before;
  }
  return changed;
}

void coming_versions::say(known_state& known, const version_ref& version,
                          one& of, time_point now) const {
  const auto own = known.own.find(version);
  if (own == known.own.end())
    return;
  auto& facts = own->second.status.facts;
  forget_deployment(facts);
  const auto* pull = of.pull && of.pull->known ? of.pull.get() : nullptr;
  const bool pulls = pull != nullptr && !of.loading_since && pull->left > 0;
  const bool stalls = pulls && now - point(pull->heard_ns) >= stall;
  if (stalls != std::exchange(of.stalled, stalls)) {
    if (stalls)
      of.host->give_back("its bundle has stopped coming");
    else
      of.host->admit();
  }
  if (stalls || !served_elsewhere(known, version))
    return;
  if (of.loading_since)
    say_loading(facts, now - *of.loading_since);
  else if (pull != nullptr)
    say_pull(facts, {static_cast<double>(pull->got.load()),
                     static_cast<double>(pull->left.load()),
                     to_ms(now - point(pull->began_ns))});
}

} // namespace faas::actors
