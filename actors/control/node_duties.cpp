#include "actors/control/node_duties.hpp"

namespace faas::actors {

const node_entry& node_duties::of(const node_name& node) const {
  static const node_entry active;
  const auto found = entries_.find(node);
  return found == entries_.end() ? active : found->second;
}

bool node_duties::open(const node_name& node) const {
  return of(node).duty == node_duty::active;
}

std::string node_duties::why_not(const node_name& node,
                                 const version_ref& version) const {
  const auto& entry = of(node);
  if (entry.duty == node_duty::active)
    return {};
  if (entry.duty == node_duty::drained)
    return "the node is drained";
  const bool kept = entry.keeps.contains(version);
  if (entry.duty == node_duty::cordoned)
    return kept ? "" : "the node is cordoned";
  const auto released = released_.find(node);
  const bool gone = released != released_.end()
                    && released->second.contains(version);
  return kept && !gone ? "" : "the node is being drained";
}

node_entry node_duties::after(node_command::what wanted, const node_name& node,
                              std::set<version_ref> runs) const {
  const auto now = of(node).duty;
  switch (wanted) {
    case node_command::what::cordon:
      return {node_duty::cordoned, std::move(runs)};
    case node_command::what::drain:
      if (now == node_duty::drained)
        return of(node);
      return {node_duty::draining, std::move(runs)};
    default: return {};
  }
}

void node_duties::set(const node_name& node, node_entry entry) {
  released_.erase(node);
  if (entry == node_entry{})
    entries_.erase(node);
  else
    entries_[node] = std::move(entry);
}

void node_duties::release(const node_name& node, const version_ref& version) {
  released_[node].insert(version);
}

void node_duties::reclaim(const node_name& node, const version_ref& version) {
  if (const auto found = released_.find(node); found != released_.end())
    found->second.erase(version);
}

std::set<version_ref> node_duties::unreleased(const node_name& node) const {
  auto all = of(node).keeps;
  if (const auto found = released_.find(node); found != released_.end())
    for (const auto& version : found->second)
      all.erase(version);
  return all;
}

std::string waits_for(const std::set<version_ref>& versions) {
  constexpr size_t named = 3;
  if (versions.empty())
    return {};
  std::string text;
  size_t count = 0;
  for (const auto& [function, version] : versions) {
    if (count++ == named)
      break;
    text += (text.empty() ? "" : ", ") + function.str() + ":"
            + std::to_string(version);
  }
  if (versions.size() > named)
    text += " and " + std::to_string(versions.size() - named) + " more";
  return "waits for another node to have " + text + " ready";
}

} // namespace faas::actors
