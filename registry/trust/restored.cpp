#include "registry/trust/restored.hpp"

#include "registry/records/trust_json.hpp"
#include "registry/trust/json_files.hpp"

#include <unistd.h>

namespace faas::registry {
namespace {

constexpr int format = 1;

std::filesystem::path waiting(const std::filesystem::path& folder) {
  return folder / "restored.json";
}

} // namespace

result<void> keep_restored(const std::filesystem::path& folder,
                           const trust::authority_keys& keys,
                           const trust::ledger& ledger) {
  const nlohmann::json value{{"version", format},
                             {"authority", authority_to_json(keys)},
                             {"ledger", ledger_to_json(ledger)}};
  return replace_file(waiting(folder), value.dump(1));
}

result<std::string>
take_over_restored(const std::filesystem::path& folder) {
  auto value = read_json(waiting(folder), format);
  if (!value)
    return value.error();
  if (!*value)
    return std::string{};
  const auto part = [&](const char* key) {
    const auto found = (*value)->find(key);
    return found == (*value)->end() ? nlohmann::json{} : *found;
  };
  auto keys = authority_from_json(part("authority"));
  auto ledger = ledger_from_json(part("ledger"));
  if (!keys || !ledger)
    return error{errc::invalid_argument,
                 waiting(folder).string() + " is damaged",
                 "remove it and import the authority again"};
  // The ledger first: without it nobody knows what was revoked.
  if (auto ok = replace_file(folder / "ledger.json",
                             ledger_to_json(*ledger).dump(1));
      !ok)
    return ok.error();
  if (auto ok = replace_file(folder / "authority.json",
                             authority_to_json(*keys).dump(1));
      !ok)
    return ok.error();
  ::unlink(waiting(folder).c_str());
  if (auto ok = sync_folder(folder); !ok)
    return ok.error();
  return keys->cluster;
}

} // namespace faas::registry
