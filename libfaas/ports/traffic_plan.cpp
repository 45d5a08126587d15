// Aliases, weights and rollouts as changes of the catalog.
#include "libfaas/ports/catalog_plan.hpp"

#include <algorithm>

namespace faas {
namespace {

/// Longest reason that is kept.
constexpr size_t reason_bytes = 500;

catalog_change begin(const catalog_state& state, const request_id& request,
                     const function_record& record, uint32_t version) {
  return {request, record.name, {}, {state.at, version}};
}

result<const function_record*> existing(const catalog_state& state,
                                        const function_name& function,
                                        const request_id& request) {
  if (auto ok = check(function, request); !ok)
    return ok.error();
  const auto found = state.functions.find(function);
  if (found == state.functions.end())
    return no_such(function);
  return &found->second;
}

/// The weights without zeros, when they are possible.
result<traffic_weights> checked(const function_record& record,
                                const traffic_weights& wanted) {
  traffic_weights kept;
  uint64_t sum = 0;
  for (const auto& [version, weight] : wanted) {
    if (!record.versions.contains(version))
      return not_kept(record.name, version);
    sum += weight;
    if (weight > 0)
      kept[version] = weight;
  }
  if (sum != 100)
    return error{errc::invalid_argument,
                 "the shares add up to " + std::to_string(sum) + ", not to 100",
                 "for example: faas-cli traffic " + record.name.str()
                   + " 3=90 4=10"};
  return kept;
}

error none_under_way(const function_name& function) {
  return {errc::conflict,
          "no rollout of '" + function.str() + "' is under way",
          "see faas-cli rollout status " + function.str()};
}

error still_warming(const function_name& function, uint32_t version) {
  return {errc::conflict,
          "version " + std::to_string(version)
            + " is still warming up and gets no events",
          "pause it later, or faas-cli rollout abort " + function.str()};
}

error not_an_alias(const std::string& text) {
  return {errc::invalid_argument,
          "'" + text.substr(0, 80) + "' is not an alias",
          "use up to 63 lower-case letters, digits and '-', with a letter "
          "first"};
}

void enter_phase(rollout_record& record, rollout::phase to, uint32_t step,
               std::string reason, wall_time now) {
  record.phase = to;
  record.step = step;
  reason.resize(std::min(reason.size(), reason_bytes));
  record.reason = std::move(reason);
  record.since = now;
}

} // namespace

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

error not_kept(const function_name& function, uint32_t version) {
  return {errc::not_found,
          "version " + std::to_string(version) + " of '" + function.str()
            + "' is not kept",
          "see faas-cli versions " + function.str()};
}

uint32_t rollout_under_way(const function_record& record) noexcept {
  const auto& rollout = record.traffic.rollout;
  return rollout && rollout->under_way() ? rollout->version : 0;
}

bool end_rollout(function_record& record, rollout::phase how,
                 std::string reason) {
  if (rollout_under_way(record) == 0)
    return false;
  record.traffic.rollout->phase = how;
  record.traffic.rollout->reason = std::move(reason);
  return true;
}

catalog_change finish(catalog_change change, function_record record) {
  if (!change.outcome.unchanged)
    ++change.outcome.at.number;
  change.record = std::move(record);
  return change;
}

result<catalog_change> plan(const catalog_state& state,
                            const traffic_command& command) {
  const auto found = existing(state, command.function, command.id);
  if (!found)
    return found.error();
  auto record = **found;
  auto weights = checked(record, command.weights);
  if (!weights)
    return weights.error();
  if (const auto coming = rollout_under_way(record))
    return error{errc::conflict,
                 "version " + std::to_string(coming) + " of '"
                   + command.function.str()
                   + "' is being rolled out, which sets its share",
                 "wait for its end, or faas-cli rollout abort "
                   + command.function.str()};
  if (!weights->contains(record.current))
    record.current = std::max_element(weights->begin(), weights->end(),
                                      [](const auto& a, const auto& b) {
                                        return a.second < b.second;
                                      })
                       ->first;
  record.traffic.weights
    = weights->size() > 1 ? std::move(*weights) : traffic_weights{};
  auto change = begin(state, command.id, record, record.current);
  change.outcome.unchanged = record == **found;
  return finish(std::move(change), std::move(record));
}

result<catalog_change> plan(const catalog_state& state,
                            const alias_command& command) {
  const auto found = existing(state, command.function, command.id);
  if (!found)
    return found.error();
  if (!valid_alias(command.alias))
    return not_an_alias(command.alias);
  auto record = **found;
  auto& aliases = record.traffic.aliases;
  if (command.version == 0 && !aliases.contains(command.alias))
    return error{errc::not_found,
                 "'" + command.function.str() + "' has no alias '"
                   + command.alias + "'",
                 "see faas-cli alias " + command.function.str() + " list"};
  if (command.version == 0)
    aliases.erase(command.alias);
  else if (!record.versions.contains(command.version))
    return not_kept(record.name, command.version);
  else
    aliases[command.alias] = command.version;
  if (aliases.size() > kept_aliases)
    return error{errc::conflict,
                 "'" + command.function.str() + "' has "
                   + std::to_string(kept_aliases) + " aliases already",
                 "remove one first"};
  auto change = begin(state, command.id, record, command.version);
  change.outcome.unchanged = record == **found;
  return finish(std::move(change), std::move(record));
}

result<catalog_change> plan(const catalog_state& state,
                            const scale_command& command) {
  const auto found = existing(state, command.function, command.id);
  if (!found)
    return found.error();
  auto record = **found;
  const auto least = std::min(command.least, most_instances);
  auto change = begin(state, command.id, record, record.current);
  auto& rule = record.traffic.scale;
  change.outcome.unchanged = rule && rule->least == least && least > 0;
  if (!change.outcome.unchanged)
    rule = scale_rule{least, state.at.number + 1};
  return finish(std::move(change), std::move(record));
}

result<catalog_change> plan(const catalog_state& state,
                            const rollout_command& command, wall_time now) {
  using action = rollout_command::action;
  using rollout::phase;
  const auto found = existing(state, command.function, command.id);
  if (!found)
    return found.error();
  auto record = **found;
  if (rollout_under_way(record) == 0)
    return none_under_way(command.function);
  auto& under_way = *record.traffic.rollout;
  if (command.what == action::pause && under_way.phase == phase::warming)
    return still_warming(command.function, under_way.version);
  auto change = begin(state, command.id, record, under_way.version);
  auto to = under_way.phase;
  if (command.what == action::abort)
    to = phase::aborted;
  else if (command.what == action::pause)
    to = phase::paused;
  else if (under_way.phase == phase::paused)
    to = phase::stepping;
  change.outcome.unchanged = to == under_way.phase;
  if (!change.outcome.unchanged)
    enter_phase(under_way, to, under_way.step,
              to == phase::aborted ? "by " + command.by : "", now);
  return finish(std::move(change), std::move(record));
}

result<catalog_change> plan(const catalog_state& state,
                            const advance_command& command, wall_time now) {
  const auto found = existing(state, command.function, command.id);
  if (!found)
    return found.error();
  auto record = **found;
  if (command.version == 0 || rollout_under_way(record) != command.version)
    return none_under_way(command.function);
  auto& under_way = *record.traffic.rollout;
  auto change = begin(state, command.id, record, command.version);
  change.outcome.unchanged
    = under_way.phase == command.to && under_way.step == command.step;
  if (!change.outcome.unchanged)
    enter_phase(under_way, command.to, command.step, command.reason, now);
  if (command.to == rollout::phase::promoted)
    record.current = command.version;
  return finish(std::move(change), std::move(record));
}

} // namespace faas
