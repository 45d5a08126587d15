#include "registry/copy/porter.hpp"

#include "registry/copy/copy_text.hpp"
#include "registry/records/trust_json.hpp"
#include "registry/secrets/aes_sealer.hpp"
#include "registry/trust/restored.hpp"

#include <nlohmann/json.hpp>

namespace faas::registry {
namespace {

using nlohmann::json;

/// No name that a secret may have: one cannot stand in for the other.
const secret_name trust_name{"trust/ca"};

error no_trust() {
  return {errc::unavailable, "this node does not have the cluster's authority",
          "ask the node with the controller"};
}

} // namespace

porter::porter(porter_options options)
  : options_(std::move(options)), random_(options_.seed) {}

result<std::shared_ptr<const secret_sealer>>
porter::sealer_of(std::string_view key) const {
  auto read = symmetric_key::from_hex(key);
  if (!read)
    return read.error();
  return std::shared_ptr<const secret_sealer>{
    std::make_shared<aes_sealer>(std::move(*read))};
}

std::string porter::write(
  const registry_copy& copy,
  const std::function<std::optional<uint64_t>(const digest&)>& bytes_of)
  const {
  return copy_to_text(copy, bytes_of);
}

std::unique_ptr<registry_copy_reader> porter::reader() const {
  return make_copy_reader();
}

std::string porter::new_history() {
  const std::lock_guard lock{mutex_};
  return call_id::make(random_).to_string();
}

result<sealed_secret> porter::copy_trust(const secret_sealer& seal) const {
  if (options_.trust == nullptr)
    return no_trust();
  auto keys = options_.trust->authority(
    []() -> result<trust::authority_keys> { return no_trust(); });
  if (!keys)
    return keys.error();
  const json value{{"authority", authority_to_json(*keys)},
                   {"ledger", ledger_to_json(options_.trust->read())}};
  auto text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  auto sealed = seal.seal(trust_name, 1, text);
  wipe(text);
  return sealed;
}

result<void> porter::takes_trust() const {
  if (options_.trust != nullptr && !options_.trust_folder.empty())
    return {};
  return error{errc::forbidden,
               "the cluster's CA cannot be imported where controllers share it "
               "in Redis",
               "import without --ca; or import with it on a controller without "
               "registry.redis, whose data folder takes it along to Redis"};
}

result<std::string> porter::stage_trust(const sealed_secret& trust,
                                        const secret_sealer& opener) {
  if (auto can = takes_trust(); !can)
    return can.error();
  auto opened = opener.open(trust_name, trust);
  if (!opened)
    return opened.error();
  const auto value = parse_json(opened->view());
  if (!value.is_object() || !value.contains("authority")
      || !value.contains("ledger"))
    return error{errc::invalid_argument, "the authority in the copy is damaged",
                 "export it again"};
  auto keys = authority_from_json(value["authority"]);
  auto ledger = ledger_from_json(value["ledger"]);
  if (!keys || !ledger)
    return keys ? ledger.error() : keys.error();
  auto present = options_.trust->authority(
    []() -> result<trust::authority_keys> { return no_trust(); });
  if (present && present->certificate == keys->certificate)
    return error{errc::conflict,
                 "this node has the authority of cluster " + keys->cluster
                   + " already"};
  if (auto kept = keep_restored(options_.trust_folder, *keys, *ledger); !kept)
    return kept.error();
  return keys->cluster;
}

} // namespace faas::registry
