#include "registry/trust/folder_trust_store.hpp"

#include "registry/trust/json_files.hpp"

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

json to_json(const trust::ledger& ledger) {
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

result<trust::ledger> load_ledger(const std::filesystem::path& file) {
  auto value = read_json(file, format);
  if (!value)
    return value.error();
  if (!*value)
    return trust::ledger{};
  try {
    return from_json(**value);
  } catch (const std::exception&) {
    return error{errc::invalid_argument, file.string() + " is damaged",
                 "restore it from a backup; without it nobody knows which "
                 "certificates were revoked"};
  }
}

} // namespace

result<std::unique_ptr<folder_trust_store>>
folder_trust_store::open(std::filesystem::path folder) {
  if (auto made = make_private_folder(folder); !made)
    return made.error();
  auto lock
    = file_lock::take(folder / "lock", "the trust folder " + folder.string());
  if (!lock)
    return lock.error();
  auto ledger = load_ledger(folder / "ledger.json");
  if (!ledger)
    return ledger.error();
  return std::unique_ptr<folder_trust_store>{new folder_trust_store{
    std::move(folder), std::move(*lock), std::move(*ledger)}};
}

result<trust::authority_keys> folder_trust_store::authority(
  const std::function<result<trust::authority_keys>()>& make) {
  const std::lock_guard lock{mutex_};
  const auto file = folder_ / "authority.json";
  auto value = read_json(file, format);
  if (!value)
    return value.error();
  if (*value) {
    const auto& from = **value;
    trust::authority_keys kept{text_at(from, "cluster"),
                               text_at(from, "key"),
                               text_at(from, "certificate")};
    if (kept.cluster.empty() || kept.key.empty() || kept.certificate.empty())
      return error{errc::invalid_argument, file.string() + " is damaged",
                   "restore it from a backup; without it all nodes must join "
                   "a new cluster"};
    return kept;
  }
  auto made = make();
  if (!made)
    return made;
  const json text{{"version", format},
                  {"cluster", made->cluster},
                  {"key", made->key},
                  {"certificate", made->certificate}};
  if (auto kept = replace_file(file, text.dump(1)); !kept)
    return kept.error();
  return made;
}

trust::ledger folder_trust_store::read() const {
  const std::lock_guard lock{mutex_};
  return ledger_;
}

result<void> folder_trust_store::change(
  const std::function<result<void>(trust::ledger&)>& edit) {
  const std::lock_guard lock{mutex_};
  auto changed = ledger_;
  if (auto good = edit(changed); !good)
    return good;
  if (changed == ledger_)
    return {};
  if (auto kept
      = replace_file(folder_ / "ledger.json", to_json(changed).dump(1));
      !kept)
    return kept;
  ledger_ = std::move(changed);
  return {};
}

} // namespace faas::registry
