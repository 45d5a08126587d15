#include "registry/trust/identity_files.hpp"

#include "registry/trust/json_files.hpp"

#include <unistd.h>

namespace faas::registry {
namespace {

using nlohmann::json;
constexpr int format = 1;

} // namespace

result<std::optional<trust::node_identity>> identity_files::load() const {
  const auto file = folder_ / "identity.json";
  auto value = read_json(file, format);
  if (!value)
    return value.error();
  if (!*value)
    return std::optional<trust::node_identity>{};
  try {
    const auto& from = **value;
    trust::node_identity made;
    made.cluster = from.at("cluster").get<std::string>();
    made.self.node = node_name{from.at("node").get<std::string>()};
    made.self.controller = from.at("controller").get<bool>();
    made.tier = from.at("tier").get<std::string>();
    made.addresses = from.at("addresses").get<std::vector<std::string>>();
    made.key = from.at("key").get<std::string>();
    made.certificate = from.at("certificate").get<std::string>();
    made.authority = from.at("authority").get<std::string>();
    return std::optional{std::move(made)};
  } catch (const json::exception&) {
    return error{errc::invalid_argument, file.string() + " is damaged",
                 "restore it, or remove it and let this node join again"};
  }
}

result<void> identity_files::save(const trust::node_identity& identity) const {
  if (auto made = make_private_folder(folder_); !made)
    return made;
  const json value{{"version", format},
                   {"cluster", identity.cluster},
                   {"node", identity.self.node.str()},
                   {"controller", identity.self.controller},
                   {"tier", identity.tier},
                   {"addresses", identity.addresses},
                   {"key", identity.key},
                   {"certificate", identity.certificate},
                   {"authority", identity.authority}};
  return replace_file(folder_ / "identity.json", value.dump(1));
}

result<trust::taken_serials> identity_files::load_revoked() const {
  const auto file = folder_ / "revoked.json";
  auto value = read_json(file, format);
  if (!value)
    return value.error();
  trust::taken_serials made;
  if (!*value)
    return made;
  try {
    for (const auto& [serial, removed] : (*value)->at("serials").items())
      made[serial] = removed.get<bool>() ? trust::taken_back::removed
                                         : trust::taken_back::revoked;
    return made;
  } catch (const json::exception&) {
    return error{errc::invalid_argument, file.string() + " is damaged",
                 "restore it; or remove it, and start this node when the "
                 "controller's node can be reached, which tells it anew"};
  }
}

result<void>
identity_files::save_revoked(const trust::taken_serials& taken) const {
  if (auto made = make_private_folder(folder_); !made)
    return made;
  auto serials = json::object();
  for (const auto& [serial, why] : taken)
    serials[serial] = why == trust::taken_back::removed;
  return replace_file(
    folder_ / "revoked.json",
    json{{"version", format}, {"serials", std::move(serials)}}.dump(1));
}

result<std::string> identity_files::joining_key() const {
  auto value = read_json(folder_ / "joining.json", format);
  if (!value)
    return value.error();
  if (!*value)
    return std::string{};
  const auto key = (*value)->find("key");
  return key != (*value)->end() && key->is_string() ? key->get<std::string>()
                                                    : std::string{};
}

result<void> identity_files::save_joining_key(const std::string& key) const {
  if (auto made = make_private_folder(folder_); !made)
    return made;
  return replace_file(folder_ / "joining.json",
                      json{{"version", format}, {"key", key}}.dump());
}

void identity_files::forget_joining_key() const noexcept {
  ::unlink((folder_ / "joining.json").c_str());
}

} // namespace faas::registry
