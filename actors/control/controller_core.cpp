#include "actors/control/controller_core.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

std::string joined(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& one : all)
    text += (text.empty() ? "" : ", ") + one;
  return text;
}

bool is_end(instance_state state) noexcept {
  return state == instance_state::ready || state == instance_state::failed
         || state == instance_state::quarantined;
}

} // namespace

std::string why_not(const function_spec& spec, const node_record& node) {
  const auto& needs = spec.petrel.needs;
  if (!needs.tiers.empty() && !contains(needs.tiers, node.tier))
    return "needs tier " + joined(needs.tiers) + ", the node is " + node.tier;
  if (!needs.nodes.empty() && !contains(needs.nodes, node.name.str()))
    return "needs node " + joined(needs.nodes);
  for (const auto& [key, value] : needs.labels) {
    const auto found = node.labels.find(key);
    if (found == node.labels.end() || found->second != value)
      return "needs label " + key + "=" + value;
  }
  if (!contains(node.runtimes, name(spec.petrel.runtime)))
    return "the node has no runtime "
           + std::string{name(spec.petrel.runtime)};
  return {};
}

controller_core::controller_core(catalog_state state)
  : state_(std::move(state)) {
  // After a restart the current versions get the traffic at once: they had it
  // or would have got it.
  for (const auto& [name, record] : state_.functions)
    traffic_[name] = record.current;
}

void controller_core::apply(const catalog_change& change) {
  faas::apply(state_, change);
  if (!change.record) {
    traffic_.erase(change.function);
    return;
  }
  if (traffic_.count(change.function) == 0)
    traffic_[change.function] = change.record->current;
  settle(*change.record);
}

void controller_core::replace(catalog_state state) {
  state_ = std::move(state);
  std::erase_if(traffic_, [&](const auto& entry) {
    return !state_.functions.contains(entry.first);
  });
  for (const auto& [name, record] : state_.functions) {
    traffic_.try_emplace(name, record.current);
    settle(record);
  }
}

void controller_core::node_seen(node_record node) {
  node.connected = true;
  nodes_[node.name] = std::move(node);
}

void controller_core::node_left(const node_name& name) {
  if (const auto found = nodes_.find(name); found != nodes_.end())
    found->second.connected = false;
  placements_.erase(name);
  for (const auto& [function, record] : state_.functions)
    settle(record);
}

void controller_core::reported(const node_name& node,
                               std::vector<placement> placements) {
  placements_[node] = std::move(placements);
  for (const auto& [function, record] : state_.functions)
    settle(record);
}

std::set<node_name>
controller_core::nodes_for(const function_spec& spec) const {
  std::set<node_name> chosen;
  for (const auto& [name, node] : nodes_)
    if (node.connected && why_not(spec, node).empty())
      chosen.insert(name);
  return chosen;
}

bool controller_core::settled(const function_version& version) const {
  bool ready = false;
  for (const auto& node : nodes_for(version.spec)) {
    const auto found = placements_.find(node);
    if (found == placements_.end())
      return false;
    const auto entry = std::find_if(
      found->second.begin(), found->second.end(), [&](const placement& p) {
        return p.version.function == version.spec.name
               && p.version.version == version.number;
      });
    if (entry == found->second.end() || !is_end(entry->status.state))
      return false;
    ready = ready || entry->status.state == instance_state::ready;
  }
  return ready;
}

void controller_core::settle(const function_record& record) {
  const auto found = traffic_.find(record.name);
  if (found == traffic_.end() || found->second == record.current)
    return;
  const auto current = record.versions.find(record.current);
  if (record.versions.count(found->second) == 0
      || (current != record.versions.end() && settled(current->second)))
    found->second = record.current;
}

cluster_view controller_core::view() const {
  cluster_view view;
  view.at = state_.at;
  for (const auto& [name, record] : state_.functions) {
    const auto traffic = traffic_.at(name);
    for (const auto& [number, version] : record.versions) {
      if (number != record.current && number != traffic)
        continue;
      assigned_version assigned;
      assigned.version = {name, number};
      assigned.spec = version.spec;
      assigned.bundle = version.bundle;
      assigned.traffic = number == traffic;
      assigned.nodes = nodes_for(version.spec);
      view.versions.push_back(std::move(assigned));
    }
  }
  for (const auto& [name, node] : nodes_)
    view.nodes.push_back(node);
  for (const auto& [node, placements] : placements_)
    view.placements.insert(view.placements.end(), placements.begin(),
                           placements.end());
  return view;
}

function_status
controller_core::status_of(const function_record& record) const {
  function_status status;
  const auto& version = record.versions.at(record.current);
  status.spec = version.spec;
  status.bundle = version.bundle;
  status.version = record.current;
  status.created = version.created;
  for (const auto& [name, node] : nodes_) {
    const auto reason = why_not(version.spec, node);
    bool known = false;
    if (const auto found = placements_.find(name); found != placements_.end())
      for (const auto& p : found->second)
        if (p.version.function == record.name) {
          status.placements.push_back(p.status);
          known = known || p.version.version == record.current;
        }
    if (known)
      continue;
    placement_status missing;
    missing.node = name;
    missing.version = record.current;
    missing.reason = !node.connected ? "the node is away"
                     : reason.empty() ? "waiting for the node's report"
                                      : "not a candidate: " + reason;
    status.placements.push_back(std::move(missing));
  }
  return status;
}

std::vector<function_status> controller_core::list() const {
  std::vector<function_status> all;
  for (const auto& [name, record] : state_.functions)
    all.push_back(status_of(record));
  return all;
}

namespace {

error no_such(const function_name& name) {
  return {errc::not_found, "no function called " + name.str(),
          "see faas-cli list"};
}

} // namespace

result<function_status>
controller_core::describe(const function_name& name) const {
  const auto found = state_.functions.find(name);
  if (found == state_.functions.end())
    return no_such(name);
  return status_of(found->second);
}

result<std::vector<version_status>>
controller_core::versions(const function_name& name) const {
  const auto found = state_.functions.find(name);
  if (found == state_.functions.end())
    return no_such(name);
  return versions_of(found->second);
}

} // namespace faas::actors
