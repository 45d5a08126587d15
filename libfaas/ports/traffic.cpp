#include "libfaas/ports/traffic.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace faas {
namespace {

using nlohmann::json;

constexpr size_t max_json = 64 * 1024;

error unreadable(const std::string& what) {
  return {errc::invalid_argument, "the traffic rules cannot be read: " + what};
}

int64_t to_ns(wall_time at) {
  return std::chrono::nanoseconds{at.time_since_epoch()}.count();
}

json rollout_json(const rollout_record& record) {
  return {{"version", record.version},
          {"from", record.from},
          {"steps", record.plan.steps},
          {"least_ns", record.plan.least.count()},
          {"phase", name(record.phase)},
          {"step", record.step},
          {"reason", record.reason},
          {"since_ns", to_ns(record.since)}};
}

rollout_record read_rollout(const json& from) {
  rollout_record record;
  record.version = from.at("version").get<uint32_t>();
  record.from = from.value("from", uint32_t{0});
  record.plan.steps = from.at("steps").get<std::vector<uint32_t>>();
  record.plan.least = duration{from.at("least_ns").get<int64_t>()};
  // A phase of a newer version: what is safe is that nothing moves.
  record.phase = rollout::phase_of(from.at("phase").get<std::string>())
                   .value_or(rollout::phase::aborted);
  record.step = from.value("step", uint32_t{0});
  record.reason = from.value("reason", "");
  record.since = wall_time{std::chrono::duration_cast<wall_time::duration>(
    std::chrono::nanoseconds{from.value("since_ns", int64_t{0})})};
  return record;
}

/// Versions are keys of an object, so text.
traffic_weights read_weights(const json& from) {
  traffic_weights weights;
  for (const auto& [version, weight] : from.items())
    weights[static_cast<uint32_t>(std::stoul(version))]
      = weight.get<uint32_t>();
  return weights;
}

} // namespace

uint32_t rollout_record::share() const noexcept {
  if (phase == rollout::phase::promoted)
    return 100;
  const bool steps = phase == rollout::phase::stepping
                     || phase == rollout::phase::paused;
  return steps && step < plan.steps.size() ? plan.steps[step] : 0;
}

std::string to_json(const traffic_rules& rules) {
  if (rules == traffic_rules{})
    return {};
  auto out = json::object();
  if (!rules.aliases.empty())
    out["aliases"] = rules.aliases;
  for (const auto& [version, weight] : rules.weights)
    out["weights"][std::to_string(version)] = weight;
  if (rules.rollout)
    out["rollout"] = rollout_json(*rules.rollout);
  if (rules.scale)
    out["scale"]
      = {{"least", rules.scale->least}, {"since", rules.scale->since}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<traffic_rules> traffic_from_json(std::string_view text) {
  traffic_rules rules;
  if (text.empty())
    return rules;
  if (text.size() > max_json)
    return unreadable("they are too long");
  const auto object = json::parse(text, nullptr, false);
  if (!object.is_object())
    return unreadable("not a JSON object");
  try {
    if (const auto at = object.find("aliases"); at != object.end())
      rules.aliases = at->get<alias_map>();
    if (const auto at = object.find("weights"); at != object.end())
      rules.weights = read_weights(*at);
    if (const auto at = object.find("rollout"); at != object.end())
      rules.rollout = read_rollout(*at);
    if (const auto at = object.find("scale"); at != object.end())
      rules.scale = {at->at("least").get<uint32_t>(),
                     at->value("since", uint64_t{0})};
  } catch (const std::exception& thrown) { // of another type than expected
    return unreadable(thrown.what());
  }
  return rules;
}

bool valid_alias(std::string_view name) noexcept {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !name.empty() && name.size() <= 63 && letter(name[0])
         && std::all_of(name.begin(), name.end(), [&](char c) {
              return letter(c) || (c >= '0' && c <= '9') || c == '-';
            });
}

} // namespace faas
