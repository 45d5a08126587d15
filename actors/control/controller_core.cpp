#include "actors/control/controller_core.hpp"

#include "libfaas/manifest/confinement.hpp"
#include "libfaas/manifest/platform.hpp"
#include "libfaas/scaling/limits.hpp"

#include <algorithm>

namespace faas::actors {
namespace {

bool contains(const std::vector<std::string>& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// Of the node's memory in all: what is free changes by the minute, and a
/// version must not come and go with it.
std::string too_small(uint64_t needed, const node_record& node) {
  if (node.memory == 0 || node.memory >= needed)
    return {};
  return "needs " + std::to_string((needed + limits::mib - 1) / limits::mib)
         + " MiB of memory, the node has "
         + std::to_string(node.memory / limits::mib) + " MiB";
}

bool is_end(instance_state state) noexcept {
  return state == instance_state::ready || state == instance_state::failed
         || state == instance_state::quarantined;
}

} // namespace

std::string why_not(const function_spec& spec, const node_record& node) {
  auto why = unmet(spec.petrel.needs,
                   {node.name.str(), node.tier, node.labels});
  if (!why.empty())
    return why;
  if (!contains(node.runtimes, name(spec.petrel.runtime)))
    return "the node has no runtime "
           + std::string{name(spec.petrel.runtime)};
  why = too_small(spec.petrel.needs.memory_bytes, node);
  if (!why.empty())
    return why;
  if (const auto build = choose_build(spec, {}, platform_of(node.labels));
      !build)
    return build.error().message;
  return {};
}

controller_core::controller_core(catalog_state state, node_entries nodes)
  : state_(std::move(state)), duties_(std::move(nodes)) {
  // After a restart the current versions get the traffic at once: they had it
  // or would have got it.
  for (const auto& [name, record] : state_.functions)
    traffic_[name] = record.current;
  remember_bundles();
}

void controller_core::apply(const catalog_change& change) {
  faas::apply(state_, change);
  if (!change.record) {
    traffic_.erase(change.function);
  } else {
    remember_bundles(*change.record);
    traffic_.try_emplace(change.function, change.record->current);
    settle(*change.record);
  }
  settle_drains();
}

void controller_core::replace(catalog_state state) {
  state_ = std::move(state);
  remember_bundles();
  std::erase_if(traffic_, [&](const auto& entry) {
    return !state_.functions.contains(entry.first);
  });
  for (const auto& [name, record] : state_.functions) {
    traffic_.try_emplace(name, newest_that_serves(record));
    settle(record);
  }
  settle_drains();
}

uint32_t
controller_core::newest_that_serves(const function_record& record) const {
  if (serves(record.versions.at(record.current)))
    return record.current;
  for (auto it = record.versions.rbegin(); it != record.versions.rend(); ++it)
    if (serves(it->second))
      return it->first;
  return record.current;
}

void controller_core::inherit(const cluster_view& view) {
  for (const auto& assigned : view.versions)
    if (assigned.traffic)
      traffic_[assigned.version.function] = assigned.version.version;
  std::set<node_name> known;
  for (const auto& node : view.nodes)
    known.insert(node.name);
  std::erase_if(nodes_, [&](const auto& entry) {
    return !entry.second.connected && !known.contains(entry.first);
  });
}

void controller_core::take_duties(node_entries entries) {
  duties_ = node_duties{std::move(entries)};
}

void controller_core::node_seen(node_record node) {
  node.connected = true;
  nodes_[node.name] = std::move(node);
  settle_drains();
}

void controller_core::node_left(const node_name& name) {
  if (const auto found = nodes_.find(name); found != nodes_.end())
    found->second.connected = false;
  placements_.erase(name);
  for (const auto& [function, record] : state_.functions)
    settle(record);
  settle_drains();
}

void controller_core::reported(const node_name& node,
                               std::vector<placement> placements) {
  if (!nodes_.contains(node))
    return; // removed; its link ends
  auto& known = placements_[node];
  known.clear();
  for (auto& at : placements) {
    auto version = at.version;
    known.insert_or_assign(std::move(version), std::move(at));
  }
  for (const auto& [function, record] : state_.functions)
    settle(record);
  settle_drains();
}

std::string controller_core::why_not_now(const function_version& version,
                                         const node_record& node) const {
  auto why = why_not(version.spec, node);
  return why.empty()
           ? duties_.why_not(node.name, {version.spec.name, version.number})
           : why;
}

void controller_core::remember_bundles() {
  for (const auto& [name, record] : state_.functions)
    remember_bundles(record);
}

void controller_core::remember_bundles(const function_record& record) {
  for (const auto& [number, version] : record.versions)
    bundles_[{record.name, number}] = bundles::bundles_of(version);
  if (bundles_.size() > bundles_due_)
    forget_bundles();
}

void controller_core::forget_bundles() {
  std::erase_if(bundles_, [&](const auto& entry) {
    const auto& version = entry.first;
    const auto record = state_.functions.find(version.function);
    const bool kept = record != state_.functions.end()
                      && record->second.versions.contains(version.version);
    return !kept
           && std::none_of(placements_.begin(), placements_.end(),
                           [&](const auto& on) {
                             return on.second.contains(version);
                           });
  });
  bundles_due_ = 2 * bundles_.size() + 64;
}

bundles::use_map controller_core::bundle_uses() const {
  std::vector<bundles::placed_version> placed;
  for (const auto& [node, all] : placements_)
    for (const auto& [version, at] : all)
      if (const auto known = bundles_.find(version); known != bundles_.end())
        placed.push_back({version, node, known->second});
  return bundles::uses_of(state_, placed);
}

std::set<node_name>
controller_core::nodes_for(const function_version& version) const {
  std::set<node_name> chosen;
  for (const auto& [name, node] : nodes_)
    if (node.connected && why_not_now(version, node).empty())
      chosen.insert(name);
  return chosen;
}

const placement* controller_core::placed(const node_name& node,
                                         const function_name& name,
                                         uint32_t version) const {
  const auto found = placements_.find(node);
  if (found == placements_.end())
    return nullptr;
  const auto at = found->second.find({name, version});
  return at != found->second.end() ? &at->second : nullptr;
}

warm_up controller_core::warm_up_of(const function_version& version) const {
  warm_up found;
  bool ready = false, waiting = false;
  for (const auto& node : nodes_for(version)) {
    const auto* at = placed(node, version.spec.name, version.number);
    if (at == nullptr || !is_end(at->status.state))
      waiting = true;
    else if (at->status.state == instance_state::ready)
      ready = true;
    else
      found.why += (found.why.empty() ? "" : "; ") + node.str() + ": "
                   + at->status.reason;
  }
  if (waiting)
    return {};
  if (ready)
    return {warm_up::state::ready, {}};
  if (!found.why.empty())
    found.now = warm_up::state::failed;
  return found;
}

warm_up controller_core::warm_up_of(const function_name& name,
                                    uint32_t version) const {
  const auto record = state_.functions.find(name);
  if (record == state_.functions.end())
    return {};
  const auto found = record->second.versions.find(version);
  return found != record->second.versions.end() ? warm_up_of(found->second)
                                                : warm_up{};
}

bool controller_core::serves(const function_version& version) const {
  for (const auto& [node, all] : placements_) {
    const auto* at = placed(node, version.spec.name, version.number);
    if (at != nullptr && at->status.state == instance_state::ready)
      return true;
  }
  return false;
}

void controller_core::settle(const function_record& record) {
  const auto found = traffic_.find(record.name);
  if (found == traffic_.end() || found->second == record.current)
    return;
  const auto current = record.versions.find(record.current);
  if (current == record.versions.end())
    return;
  // A version that was rolled out has had most of the traffic already.
  const auto& rollout = record.traffic.rollout;
  const bool promoted = rollout && rollout->version == record.current
                        && rollout->phase == rollout::phase::promoted;
  if (record.versions.count(found->second) == 0
      || warm_up_of(current->second).now == warm_up::state::ready
      || (promoted && serves(current->second)))
    found->second = record.current;
}

traffic_weights
controller_core::shares_of(const function_record& record) const {
  const auto in_service = traffic_.at(record.name);
  const auto& rules = record.traffic;
  traffic_weights shares;
  if (rules.rollout && rules.rollout->under_way())
    shares[rules.rollout->version] = rules.rollout->share();
  else if (in_service == record.current)
    for (const auto& [version, weight] : rules.weights)
      if (version != in_service && record.versions.contains(version)
          && serves(record.versions.at(version))) // else it waits for that
        shares[version] = weight;
  uint32_t others = 0;
  std::erase_if(shares, [](const auto& share) { return share.second == 0; });
  for (const auto& [version, weight] : shares)
    others += weight;
  shares[in_service] = 100 - others;
  return shares;
}

std::set<uint32_t>
controller_core::running(const function_record& record) const {
  const auto& rules = record.traffic;
  std::set<uint32_t> all{record.current, traffic_.at(record.name)};
  for (const auto& [version, weight] : rules.weights)
    all.insert(version);
  for (const auto& [alias, version] : rules.aliases)
    all.insert(version);
  if (rules.rollout && rules.rollout->under_way())
    all.insert(rules.rollout->version);
  return all;
}

cluster_view controller_core::view() const {
  cluster_view view;
  view.at = state_.at;
  for (const auto& [name, record] : state_.functions) {
    const auto in_service = traffic_.at(name);
    const auto shares = shares_of(record);
    const auto& rollout = record.traffic.rollout;
    const bool compared = rollout && rollout->share() > 0
                          && rollout->under_way();
    for (const auto number : running(record)) {
      const auto version = record.versions.find(number);
      if (version == record.versions.end())
        continue;
      assigned_version assigned;
      assigned.version = {name, number};
      assigned.spec = version->second.spec;
      assigned.bundle = version->second.bundle;
      assigned.traffic = number == in_service;
      if (const auto share = shares.find(number); share != shares.end())
        assigned.weight = share->second;
      assigned.watched
        = compared && (assigned.traffic || number == rollout->version);
      for (const auto& [alias, to] : record.traffic.aliases)
        if (to == number)
          assigned.aliases.push_back(alias);
      assigned.scale = record.traffic.scale;
      assigned.nodes = nodes_for(version->second);
      view.versions.push_back(std::move(assigned));
    }
  }
  for (const auto& [name, node] : nodes_) {
    view.nodes.push_back(node);
    const auto now = standing(name);
    view.nodes.back().duty = now.duty;
    view.nodes.back().note = now.note;
  }
  for (const auto& [node, placements] : placements_)
    for (const auto& [version, at] : placements)
      view.placements.push_back(at);
  return view;
}

std::optional<hold_candidates>
controller_core::hold_candidates_of(const version_ref& version) const {
  const auto* running = running_version(version);
  if (running == nullptr)
    return std::nullopt;
  const auto limits = scaling::limits_of(running->spec);
  const auto& asked = state_.functions.at(version.function).traffic.scale;
  if (!(asked ? asked->least == 0 : limits.to_zero))
    return std::nullopt;
  hold_candidates made{limits.tuning, {}};
  for (const auto& node : nodes_for(*running)) {
    const auto* at = placed(node, version.function, version.version);
    if (at != nullptr && at->status.state == instance_state::ready
        && duties_.open(node))
      made.slots[node] = std::max(at->status.slots, 1u);
  }
  return made;
}

void controller_core::add_missing(function_status& status,
                                  const function_version& version) const {
  for (const auto& [name, node] : nodes_) {
    if (placed(name, version.spec.name, version.number) != nullptr)
      continue;
    const auto reason = why_not_now(version, node);
    placement_status missing;
    missing.node = name;
    missing.version = version.number;
    missing.reason = !node.connected ? "the node is away"
                     : reason.empty() ? "waiting for the node's report"
                                      : "not a candidate: " + reason;
    status.placements.push_back(std::move(missing));
  }
}

function_status
controller_core::status_of(const function_record& record) const {
  function_status status;
  const auto& version = record.versions.at(record.current);
  status.spec = version.spec;
  status.bundle = version.bundle;
  status.version = record.current;
  status.created = version.created;
  status.aliases = record.traffic.aliases;
  status.shares = shares_of(record);
  if (const auto& scale = record.traffic.scale)
    status.least = std::min(scale->least, version.spec.petrel.concurrency);
  for (const auto& [node, placements] : placements_)
    for (auto at = placements.lower_bound({record.name, 0});
         at != placements.end() && at->first.function == record.name; ++at)
      status.placements.push_back(at->second.status);
  add_missing(status, version);
  const auto& rollout = record.traffic.rollout;
  if (!rollout)
    return status;
  status.rollout = rollout_status{*rollout, 0};
  if (const auto coming = record.versions.find(rollout->version);
      rollout->under_way() && coming != record.versions.end())
    add_missing(status, coming->second);
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
