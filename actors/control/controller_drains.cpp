// The controller's core: nodes that shall take nothing new, or go.
#include "actors/control/controller_core.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

bool on_its_way(instance_state state) noexcept {
  return state == instance_state::pending || state == instance_state::pulling
         || state == instance_state::loading;
}

/// Its policy sends every event to a site of that node.
bool bound_to(const function_spec& spec, const node_name& node) {
  return spec.petrel.policy.starts_with("static:" + node.str() + "/");
}

} // namespace

destinations::destinations(const cluster_view& view) {
  for (const auto& one : view.versions)
    assigned_[one.version] = &one.nodes;
  for (const auto& node : view.nodes)
    if (node.duty == node_duty::cordoned)
      cordoned_.insert(node.name);
}

bool destinations::events(const node_name& node,
                          const version_ref& version) const {
  const auto found = assigned_.find(version);
  return found != assigned_.end() && found->second->contains(node)
         && !cordoned_.contains(node);
}

const function_version*
controller_core::running_version(const version_ref& version) const {
  const auto record = state_.functions.find(version.function);
  if (record == state_.functions.end()
      || !running(record->second).contains(version.version))
    return nullptr;
  const auto found = record->second.versions.find(version.version);
  return found == record->second.versions.end() ? nullptr : &found->second;
}

std::set<version_ref>
controller_core::assigned_to(const node_record& node) const {
  std::set<version_ref> all;
  for (const auto& [name, record] : state_.functions)
    for (const auto number : running(record))
      if (const auto version = record.versions.find(number);
          version != record.versions.end()
          && why_not_now(version->second, node).empty())
        all.insert({name, number});
  return all;
}

// -- commands -----------------------------------------------------------------

result<node_entry>
controller_core::planned(const node_command& command) const {
  using what = node_command::what;
  const auto& node = command.node;
  const auto found = nodes_.find(node);
  const bool known = found != nodes_.end();
  if (command.wanted == what::remove) {
    if (!command.force && known && found->second.connected
        && duties_.of(node).duty != node_duty::drained)
      return error{errc::conflict, "node " + node.str() + " still serves",
                   "faas-cli nodes drain " + node.str()
                     + " --watch, then remove it; or remove it with --force"};
    return node_entry{};
  }
  if (!known && !duties_.entries().contains(node))
    return error{errc::not_found,
                 "no node called " + node.str()
                   + " has been connected since the controller started",
                 "`faas-cli nodes` lists the nodes that are known"};
  auto entry = duties_.after(command.wanted, node,
                             known ? assigned_to(found->second)
                                   : duties_.of(node).keeps);
  const auto runs = placements_.find(node);
  if (entry.duty == node_duty::draining && entry.keeps.empty() && known
      && found->second.connected
      && (runs == placements_.end() || runs->second.empty()))
    entry.duty = node_duty::drained;
  return entry;
}

void controller_core::set_duty(const node_name& node, node_entry entry) {
  duties_.set(node, std::move(entry));
  for (const auto& [function, record] : state_.functions)
    settle(record);
  settle_drains();
}

void controller_core::forget(const node_name& node) {
  nodes_.erase(node);
  placements_.erase(node);
  set_duty(node, {});
}

node_standing controller_core::standing(const node_name& node) const {
  node_standing now;
  now.node = node;
  now.duty = duties_.of(node).duty;
  if (now.duty != node_duty::draining)
    return now;
  const auto record = nodes_.find(node);
  if (record == nodes_.end() || !record->second.connected)
    now.note = "goes on when the node is back";
  else if (now.note = waits_for(duties_.unreleased(node)); now.note.empty())
    now.note = "its last events end";
  return now;
}

std::vector<node_name> controller_core::run_dry() const {
  std::vector<node_name> all;
  for (const auto& [node, entry] : duties_.entries()) {
    const auto record = nodes_.find(node);
    const auto runs = placements_.find(node);
    if (entry.duty == node_duty::draining && record != nodes_.end()
        && record->second.connected && runs != placements_.end()
        && runs->second.empty() && duties_.unreleased(node).empty())
      all.push_back(node);
  }
  return all;
}

// -- drains -------------------------------------------------------------------

/// On one open node at least, and on no other still on its way.
bool controller_core::ready_beside(const function_version& version,
                                   const node_name& leaving,
                                   const states& now) const {
  if (bound_to(version.spec, leaving))
    return false;
  bool ready = false;
  for (const auto& node : nodes_for(version)) {
    if (node == leaving || !duties_.open(node))
      continue;
    const auto of = now.find(node);
    if (of == now.end())
      return false;
    const auto state = of->second.find({version.spec.name, version.number});
    if (state == of->second.end() || on_its_way(state->second))
      return false;
    ready = ready || state->second == instance_state::ready;
  }
  return ready;
}

void controller_core::settle_drains() {
  const auto& entries = duties_.entries();
  if (std::none_of(entries.begin(), entries.end(), [](const auto& entry) {
        return entry.second.duty == node_duty::draining;
      }))
    return;
  states now;
  for (const auto& [node, placements] : placements_)
    for (const auto& [version, at] : placements)
      now[node][version] = at.status.state;
  for (const auto& [node, entry] : entries) {
    if (entry.duty != node_duty::draining)
      continue;
    for (const auto& version : entry.keeps) {
      const auto* running = running_version(version);
      if (running == nullptr || ready_beside(*running, node, now))
        duties_.release(node, version);
      else if (now[node].contains(version)) // it still has it
        duties_.reclaim(node, version);
    }
  }
}

} // namespace faas::actors
