#include "libfaas/ports/catalog_plan.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace faas {
namespace {

void as_set(std::vector<std::string>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

/// Canonical text of a spec; lists whose order has no meaning are sorted.
std::string canonical(function_spec spec) {
  as_set(spec.secrets);
  as_set(spec.constraints);
  as_set(spec.petrel.topics);
  as_set(spec.petrel.needs.tiers);
  as_set(spec.petrel.needs.nodes);
  spec.petrel.rollout = {}; // how it comes in does not make it another one
  return to_json(spec);
}

/// Drops the oldest versions that are not in use.
void trim(function_record& record) {
  const auto used = in_use(record);
  for (auto i = record.versions.begin();
       i != record.versions.end() && record.versions.size() > kept_versions;)
    if (used.contains(i->first))
      ++i;
    else
      i = record.versions.erase(i);
}

/// The record that the command starts from: present, or empty with the last
/// number that a removed function of that name had.
function_record base_record(const catalog_state& state,
                            const function_name& function) {
  if (auto i = state.functions.find(function); i != state.functions.end())
    return i->second;
  function_record record{function, 0, 0, {}};
  if (auto i = state.retired.find(function); i != state.retired.end())
    record.last = i->second.last;
  return record;
}

bool is_same(const function_record& record, uint32_t number,
             const function_spec& spec, const digest& bundle) {
  const auto i = record.versions.find(number);
  return i != record.versions.end() && i->second.bundle == bundle
         && canonical(i->second.spec) == canonical(spec);
}

/// Gives it the next number, and the traffic: at once, or by a rollout when it
/// has steps and there is a version before it.
uint32_t add_version(function_record& record, function_version version) {
  const auto number = version.number = ++record.last;
  const auto& plan = version.spec.petrel.rollout;
  record.traffic.weights.clear();
  record.traffic.rollout.reset();
  record.traffic.scale.reset();
  if (record.current != 0 && !plan.steps.empty())
    record.traffic.rollout = rollout_record{
      number, record.current, plan, rollout::phase::warming, 0,
      {},     version.created};
  else
    record.current = number;
  record.versions[number] = std::move(version);
  trim(record);
  return number;
}

void forget_longest_retired(catalog_state& state) {
  if (state.retired.size() <= kept_retired)
    return;
  state.retired.erase(std::min_element(
    state.retired.begin(), state.retired.end(),
    [](auto& a, auto& b) { return a.second.removed < b.second.removed; }));
}

} // namespace

std::set<uint32_t> in_use(const function_record& record) {
  std::set<uint32_t> used{record.current};
  const auto& rules = record.traffic;
  for (const auto& [version, weight] : rules.weights)
    used.insert(version);
  for (const auto& [alias, version] : rules.aliases)
    used.insert(version);
  if (rules.rollout && rules.rollout->under_way())
    used.insert(rules.rollout->version);
  return used;
}

result<catalog_change> plan(const catalog_state& state,
                            const deploy_command& command, wall_time now) {
  const auto& name = command.spec.name;
  if (auto ok = check(name, command.id); !ok)
    return ok.error();
  using condition = deploy_command::condition;
  const bool exists = state.functions.contains(name);
  if (command.when == condition::must_exist && !exists)
    return no_such(name);
  if (command.when == condition::must_not_exist && exists)
    return error{errc::conflict,
                 "there is already a function '" + name.str() + "'",
                 "update it, or remove it first"};
  // What a store could not read again must not get into one.
  auto spec = spec_from_json(to_json(command.spec));
  if (!spec)
    return spec.error();
  auto record = base_record(state, name);
  catalog_change change{command.id, name, {}, {state.at, record.current}};
  if (exists && is_same(record, record.current, *spec, command.bundle)) {
    const bool ended = end_rollout(record, rollout::phase::aborted,
                                   "version " + std::to_string(record.current)
                                     + " was deployed again");
    const bool scaled = std::exchange(record.traffic.scale, {}).has_value();
    change.outcome.unchanged = !ended && !scaled;
    return finish(std::move(change), std::move(record));
  }
  const auto& coming = record.traffic.rollout;
  if (coming && coming->under_way()
      && is_same(record, coming->version, *spec, command.bundle)) {
    change.outcome.version = coming->version;
    change.outcome.unchanged = true;
    return finish(std::move(change), std::move(record));
  }
  if (record.last == std::numeric_limits<uint32_t>::max())
    return error{errc::conflict,
                 "'" + name.str() + "' has used up its version numbers",
                 "deploy it under another name"};
  change.outcome.version
    = add_version(record, {0, std::move(*spec), command.bundle, now,
                           command.by});
  return finish(std::move(change), std::move(record));
}

result<catalog_change> plan(const catalog_state& state,
                            const remove_command& command) {
  if (auto ok = check(command.function, command.id); !ok)
    return ok.error();
  const auto i = state.functions.find(command.function);
  if (i == state.functions.end())
    return no_such(command.function);
  catalog_change change{
    command.id, command.function, {}, {state.at, i->second.current}};
  ++change.outcome.at.number;
  return change;
}

result<catalog_change> plan(const catalog_state& state,
                            const rollback_command& command) {
  if (auto ok = check(command.function, command.id); !ok)
    return ok.error();
  const auto i = state.functions.find(command.function);
  if (i == state.functions.end())
    return no_such(command.function);
  auto record = i->second;
  const auto coming = rollout_under_way(record);
  auto to = record.versions.lower_bound(record.current);
  if (command.version != 0)
    to = record.versions.find(command.version);
  else if (coming != 0)
    to = record.versions.find(record.current);
  else if (to == record.versions.begin())
    return error{errc::conflict,
                 "no version of '" + command.function.str() + "' before "
                   + std::to_string(record.current) + " is kept",
                 "deploy the one you want"};
  else
    --to;
  if (to == record.versions.end())
    return error{errc::not_found,
                 "version " + std::to_string(command.version) + " of '"
                   + command.function.str() + "' is not kept",
                 "see faas-cli versions " + command.function.str()};
  catalog_change change{
    command.id, command.function, {}, {state.at, to->first}};
  const auto before = i->second;
  record.current = to->first;
  record.traffic.weights.clear();
  if (coming == record.current)
    end_rollout(record, rollout::phase::promoted, "by hand");
  else
    end_rollout(record, rollout::phase::aborted,
                "rolled back to version " + std::to_string(record.current));
  change.outcome.unchanged = record == before;
  return finish(std::move(change), std::move(record));
}

std::vector<version_status> versions_of(const function_record& record) {
  std::vector<version_status> all;
  for (auto i = record.versions.rbegin(); i != record.versions.rend(); ++i)
    all.push_back({i->first, i->second.bundle, i->second.created, i->second.by,
                   i->first == record.current});
  return all;
}

void apply(catalog_state& state, const catalog_change& change) {
  if (change.outcome.unchanged)
    return;
  state.at = change.outcome.at;
  if (change.record) {
    state.functions[change.function] = *change.record;
    state.retired.erase(change.function);
    return;
  }
  const auto i = state.functions.find(change.function);
  if (i == state.functions.end())
    return;
  state.retired[change.function] = {i->second.last, state.at.number};
  state.functions.erase(i);
  forget_longest_retired(state);
}

} // namespace faas
