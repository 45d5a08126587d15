#include "registry/trust/folder_trust_store.hpp"

#include "registry/records/trust_json.hpp"
#include "registry/trust/json_files.hpp"

namespace faas::registry {
namespace {

using nlohmann::json;
constexpr int format = 1;

result<trust::ledger> load_ledger(const std::filesystem::path& file) {
  auto value = read_json(file, format);
  if (!value)
    return value.error();
  if (!*value)
    return trust::ledger{};
  auto read = ledger_from_json(**value);
  if (!read)
    return error{errc::invalid_argument, file.string() + " is damaged",
                 "restore it from a backup; without it nobody knows which "
                 "certificates were revoked"};
  return read;
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
    auto kept = authority_from_json(**value);
    if (!kept)
      return error{errc::invalid_argument, file.string() + " is damaged",
                   "restore it from a backup; without it all nodes must join "
                   "a new cluster"};
    return kept;
  }
  auto made = make();
  if (!made)
    return made;
  const auto text = authority_to_json(*made);
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
      = replace_file(folder_ / "ledger.json", ledger_to_json(changed).dump(1));
      !kept)
    return kept;
  ledger_ = std::move(changed);
  return {};
}

} // namespace faas::registry
