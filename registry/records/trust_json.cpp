#include "registry/records/trust_json.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace faas::registry {
namespace {

using nlohmann::json;
constexpr int format = 1;

int64_t to_seconds(wall_time at) {
  return std::chrono::floor<std::chrono::seconds>(at.time_since_epoch())
    .count();
}

wall_time from_seconds(const json& value) {
  return wall_time{std::chrono::seconds{value.get<int64_t>()}};
}

digest to_digest(const json& value) {
  const auto parsed = digest::parse(value.get<std::string>());
  if (!parsed)
    throw std::invalid_argument{"no digest"};
  return *parsed;
}

/// Empty when absent or no text.
std::string text_at(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string{};
}

json to_json(const node_entries& nodes) {
  auto all = json::object();
  for (const auto& [node, entry] : nodes) {
    auto keeps = json::array();
    for (const auto& [function, version] : entry.keeps)
      keeps.push_back(json::array({function.str(), version}));
    all[node.str()] = {{"duty", name(entry.duty)}, {"keeps", std::move(keeps)}};
  }
  return all;
}

node_duty duty_named(const std::string& text) {
  for (const auto duty : {node_duty::active, node_duty::cordoned,
                          node_duty::draining, node_duty::drained})
    if (name(duty) == text)
      return duty;
  throw std::invalid_argument{"no duty"};
}

/// Absent in files of earlier versions.
node_entries entries_from(const json& value) {
  node_entries made;
  const auto nodes = value.find("nodes");
  if (nodes == value.end())
    return made;
  for (const auto& [node, from] : nodes->items()) {
    auto& entry = made[node_name{node}];
    entry.duty = duty_named(from.at("duty").get<std::string>());
    for (const auto& one : from.at("keeps"))
      entry.keeps.insert({function_name{one.at(0).get<std::string>()},
                          one.at(1).get<uint32_t>()});
  }
  return made;
}

/// Throws json::exception on other fields.
trust::ledger from_json(const json& value) {
  trust::ledger made;
  for (const auto& one : value.at("tokens"))
    made.tokens.push_back({to_digest(one.at("secret_sha256")),
                           one.at("tier").get<std::string>(),
                           from_seconds(one.at("expires")),
                           one.at("used_by").get<std::string>()});
  for (const auto& one : value.at("certificates"))
    made.certificates.push_back(
      {one.at("serial").get<std::string>(),
       node_name{one.at("node").get<std::string>()},
       to_digest(one.at("key_sha256")), from_seconds(one.at("expires")),
       one.at("revoked").get<bool>(), one.at("pem").get<std::string>(),
       one.value("removed", false)});
  made.nodes = entries_from(value);
  return made;
}

error damaged(const char* what) {
  return {errc::invalid_argument, std::string{what} + " is damaged",
          "restore it from a backup"};
}

} // namespace

json ledger_to_json(const trust::ledger& ledger) {
  auto tokens = json::array(), certificates = json::array();
  for (const auto& one : ledger.tokens)
    tokens.push_back({{"secret_sha256", one.secret.hex()},
                      {"tier", one.tier},
                      {"expires", to_seconds(one.expires)},
                      {"used_by", one.used_by}});
  for (const auto& one : ledger.certificates)
    certificates.push_back({{"serial", one.serial},
                            {"node", one.node.str()},
                            {"key_sha256", one.key.hex()},
                            {"expires", to_seconds(one.expires)},
                            {"revoked", one.revoked},
                            {"removed", one.removed},
                            {"pem", one.pem}});
  return {{"version", format},
          {"tokens", std::move(tokens)},
          {"certificates", std::move(certificates)},
          {"nodes", to_json(ledger.nodes)}};
}

result<trust::ledger> ledger_from_json(const json& value) {
  try {
    return from_json(value);
  } catch (const std::exception&) {
    return damaged("the ledger of certificates");
  }
}

json authority_to_json(const trust::authority_keys& keys) {
  return {{"version", format},
          {"cluster", keys.cluster},
          {"key", keys.key},
          {"certificate", keys.certificate}};
}

result<trust::authority_keys> authority_from_json(const json& value) {
  if (!value.is_object())
    return damaged("the cluster's authority");
  trust::authority_keys kept{text_at(value, "cluster"), text_at(value, "key"),
                             text_at(value, "certificate")};
  if (kept.cluster.empty() || kept.key.empty() || kept.certificate.empty())
    return damaged("the cluster's authority");
  return kept;
}

json parse_json(std::string_view text) {
  return json::parse(text, nullptr, false);
}

} // namespace faas::registry
