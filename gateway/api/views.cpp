#include "gateway/api/views.hpp"

#include "gateway/api/deployment.hpp"
#include "libfaas/manifest/units.hpp"

#include <nlohmann/json.hpp>

namespace faas::api {

using nlohmann::json;

json node_json(const node_status& node) {
  return {{"name", node.name.str()},       {"tier", node.tier},
          {"address", node.address},       {"state", name(node.state)},
          {"controller", node.controller}, {"standby", node.standby},
          {"self", node.self},
          {"cores", node.cores},           {"labels", node.labels},
          {"version", node.version},       {"boot", node.boot},
          {"rtt_ms", node.rtt_ms},         {"in_flight", node.in_flight},
          {"duty", name(node.duty)},       {"note", node.note},
          {"protocol", node.protocol}};
}

json standing_json(const node_standing& node) {
  return {{"name", node.node.str()},
          {"duty", node.removed ? "removed" : name(node.duty)},
          {"note", node.note}};
}

json site_json(const site_status& site) {
  json made{{"site", site.site.str()},     {"tier", site.tier},
          {"candidate", site.candidate}, {"why_not", site.why_not},
          {"size", site.size},           {"network_ms", site.network_ms},
          {"queue_ms", site.queue_ms},   {"service_ms", site.service_ms},
          {"cold_ms", site.cold_ms},     {"total_ms", site.total_ms},
          {"imposed_ms", site.imposed_ms},
          {"request_bytes", site.request_bytes},
          {"reply_bytes", site.reply_bytes},
          {"stddev_ms", site.stddev_ms}, {"slowdown", site.slowdown},
          {"servers", site.servers},     {"shared", site.shared},
          {"error_ms", site.error_ms},   {"chosen", site.chosen},
          {"completed", site.completed}, {"failed", site.failed},
          {"in_flight", site.in_flight}, {"best", site.best},
          {"runner_up", site.runner_up}, {"policy", site.policy},
          {"foretold", site.foretold},
          {"unexplained_ms", site.unexplained_ms}};
  if (site.ready_in_ms)
    made["ready_in_ms"] = *site.ready_in_ms;
  return made;
}

json actor_json(const actor_status& actor) {
  return {{"kind", actor.kind},
          {"alive", actor.alive},
          {"mailbox", actor.mailbox},
          {"messages", actor.messages},
          {"restarts", actor.restarts}};
}

json version_json(const version_status& version) {
  return {{"version", version.number},
          {"image", "sha256:" + version.bundle.hex()},
          {"createdAt", rfc3339(version.created)},
          {"by", version.by},
          {"current", version.current}};
}

namespace {

json rollout_json(const rollout_status& status) {
  const auto& record = status.record;
  const bool warming = record.phase == rollout::phase::warming;
  return {{"version", record.version},
          {"from", record.from},
          {"phase", name(record.phase)},
          {"step", warming ? 0 : record.step + 1},
          {"steps", record.plan.steps},
          {"least", format_duration(record.plan.least)},
          {"share", record.share()},
          {"since", rfc3339(record.since)},
          {"compared", status.compared},
          {"reason", record.reason}};
}

} // namespace

json traffic_json(const function_status& status) {
  auto shares = json::object();
  for (const auto& [version, share] : status.shares)
    shares[std::to_string(version)] = share;
  return {{"name", status.spec.name.str()},
          {"version", status.version},
          {"shares", std::move(shares)},
          {"aliases", status.aliases},
          {"rollout",
           status.rollout ? rollout_json(*status.rollout) : json{}}};
}

json bundles_json(const bundles_status& all, wall_time now) {
  const auto age = [now](wall_time used) {
    return std::max<int64_t>(
      0, std::chrono::floor<std::chrono::seconds>(now - used).count());
  };
  json out{{"bundles", json::array()},
           {"uploads", json::array()},
           {"bytes", all.bytes},
           {"freed", all.freed},
           {"quota", all.quota}};
  for (const auto& one : all.bundles)
    out["bundles"].push_back({{"digest", "sha256:" + one.id.hex()},
                              {"packed", one.packed},
                              {"unpacked", one.unpacked},
                              {"used", rfc3339(one.used)},
                              {"age_s", age(one.used)},
                              {"fate", name(one.fate)},
                              {"users", one.users},
                              {"because", one.because},
                              {"removed", one.removed}});
  for (const auto& one : all.uploads)
    out["uploads"].push_back({{"digest", "sha256:" + one.id.hex()},
                              {"received", one.received},
                              {"total", one.total},
                              {"age_s", age(one.used)}});
  return out;
}

json outcome_json(const command_outcome& outcome) {
  return {{"version", outcome.version},
          {"unchanged", outcome.unchanged},
          {"repeated", outcome.repeated},
          {"revision", outcome.at.number},
          {"history", outcome.at.history}};
}

json log_json(const log_line& line) {
  json out{{"name", line.function.str()}, {"namespace", "openfaas-fn"},
           {"instance", line.instance},   {"timestamp", rfc3339(line.at)},
           {"text", line.text},           {"version", line.version}};
  if (!line.call.empty())
    out["call_id"] = line.call;
  return out;
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

} // namespace faas::api
