#include "actors/control/node_holds.hpp"

#include <algorithm>
#include <cmath>

namespace faas::actors {

void node_holds::note(const node_name& node, const wire::loads& said,
                      time_point now) {
  for (const auto& load : said.versions)
    versions_[load.version].nodes[node] = {load, now};
}

bool node_holds::decide(time_point now, const controller_core& core) {
  bool changed = false;
  for (auto it = versions_.begin(); it != versions_.end();) {
    const auto before = it->second.choice.held;
    const auto with = core.hold_candidates_of(it->first);
    const bool goes_on = with && decide(now, *with, it->second);
    changed = changed
              || before != (goes_on ? it->second.choice.held
                                    : std::set<node_name>{});
    it = goes_on ? std::next(it) : versions_.erase(it);
  }
  return changed;
}

bool node_holds::decide(time_point now, const hold_candidates& with,
                        entry& of) {
  std::erase_if(of.nodes, [&](const auto& one) {
    return now - one.second.at > lasting;
  });
  std::vector<scaling::spread_node> nodes;
  for (const auto& [name, slots] : with.slots) {
    scaling::spread_node node{name, slots};
    if (const auto said = of.nodes.find(name); said != of.nodes.end()) {
      const auto& load = said->second.load;
      node.slots = std::clamp(load.slots, 1u, most_instances);
      node.rate = std::isfinite(load.rate) ? std::max(load.rate, 0.0) : 0;
      node.service = std::max(load.service, duration{});
    }
    nodes.push_back(std::move(node));
  }
  if (!of.rule)
    of.rule.emplace(with.tuning);
  of.choice = of.rule->decide(now, std::move(nodes));
  return !of.nodes.empty() || of.choice.instances > 0;
}

void node_holds::stamp(cluster_view& view) const {
  if (versions_.empty())
    return;
  for (auto& one : view.versions)
    if (const auto found = versions_.find(one.version);
        found != versions_.end())
      one.held = found->second.choice.held;
}

std::string node_holds::why(const version_ref& version) const {
  const auto found = versions_.find(version);
  return found == versions_.end() ? std::string{} : found->second.choice.why;
}

} // namespace faas::actors
