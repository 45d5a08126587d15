#include "libfaas/ports/catalog.hpp"

#include <algorithm>
#include <limits>

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
  return to_json(spec);
}

result<void> check(const function_name& function, const request_id& request) {
  if (!valid_function_name(function.str()))
    return error{errc::invalid_argument,
                 "'" + function.str().substr(0, 80)
                   + "' is not a function name",
                 "use up to 63 lower-case letters, digits and '-', with a "
                 "letter or digit at both ends"};
  if (request.str().size() > request_id_bytes)
    return error{errc::invalid_argument, "the request id is too long",
                 "use at most " + std::to_string(request_id_bytes)
                   + " characters"};
  return {};
}

error no_such(const function_name& function) {
  return {errc::not_found, "there is no function '" + function.str() + "'",
          "see the list of functions"};
}

/// Drops the oldest versions; the current one stays.
void trim(function_record& record) {
  auto surplus = static_cast<ptrdiff_t>(record.versions.size())
                 - static_cast<ptrdiff_t>(kept_versions);
  for (auto i = record.versions.begin();
       i != record.versions.end() && surplus > 0; --surplus)
    if (i->first == record.current)
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

bool is_current(const function_record& record, const function_spec& spec,
                const digest& bundle) {
  const auto i = record.versions.find(record.current);
  return i != record.versions.end() && i->second.bundle == bundle
         && canonical(i->second.spec) == canonical(spec);
}

void forget_longest_retired(catalog_state& state) {
  if (state.retired.size() <= kept_retired)
    return;
  state.retired.erase(std::min_element(
    state.retired.begin(), state.retired.end(),
    [](auto& a, auto& b) { return a.second.removed < b.second.removed; }));
}

} // namespace

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
  if (exists && is_current(record, *spec, command.bundle)) {
    change.outcome.unchanged = true;
    change.record = std::move(record);
    return change;
  }
  if (record.last == std::numeric_limits<uint32_t>::max())
    return error{errc::conflict,
                 "'" + name.str() + "' has used up its version numbers",
                 "deploy it under another name"};
  record.current = ++record.last;
  record.versions[record.current]
    = {record.current, std::move(*spec), command.bundle, now, command.by};
  trim(record);
  ++change.outcome.at.number;
  change.outcome.version = record.current;
  change.record = std::move(record);
  return change;
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
  auto to = record.versions.lower_bound(record.current);
  if (command.version != 0)
    to = record.versions.find(command.version);
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
  change.outcome.unchanged = to->first == record.current;
  record.current = to->first;
  if (!change.outcome.unchanged)
    ++change.outcome.at.number;
  change.record = std::move(record);
  return change;
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
