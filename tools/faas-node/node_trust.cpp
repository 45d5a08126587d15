#include "tools/faas-node/node_trust.hpp"

#include "gateway/tls/keys.hpp"
#include "registry/redis/redis_trust_store.hpp"
#include "registry/trust/restored.hpp"
#include "tools/faas-node/redis_store.hpp"

#include <spdlog/spdlog.h>

#include <random>
#include <unistd.h>

namespace faas::node {
namespace {

std::string host_name() {
  char host[256] = {};
  return ::gethostname(host, sizeof(host) - 1) == 0 ? host : "";
}

std::string default_name() {
  std::string name;
  for (const auto c : host_name()) {
    if (c == '.')
      break;
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : kept ? c : '-';
  }
  return valid_function_name(name) ? name : "node-1";
}

/// What the join decided counts.
result<void> apply(const trust::node_identity& identity, config& settings) {
  const auto& name = identity.self.node.str();
  if (!settings.name.empty() && settings.name != name)
    return error{errc::invalid_argument,
                 "this data folder is that of node " + name
                   + ", but node.name is " + settings.name,
                 "leave node.name out, or join under the other name in another "
                 "data folder"};
  settings.name = name;
  settings.controller = false;
  settings.cluster = identity.cluster;
  if (!identity.tier.empty())
    settings.tier = identity.tier;
  if (settings.join.empty())
    settings.join = identity.addresses;
  return {};
}

result<void> open_store(node_trust& made, const std::filesystem::path& folder,
                        const config& settings, const clock_source& clock) {
  auto own = registry::folder_trust_store::open(folder);
  if (!own)
    return own.error();
  if (settings.redis.empty()) {
    made.store = std::move(*own);
    return {};
  }
  auto client = redis_client_of(settings);
  if (!client)
    return client.error();
  if (auto there = wait_for_redis(*client, settings.wait_replicas,
                                 clock); !there)
    return there;
  registry::redis_trust_options options;
  options.client = std::move(*client);
  options.prefix = settings.redis_prefix;
  options.key_file = cluster_key_file(settings, folder.parent_path());
  options.wait_replicas = settings.wait_replicas;
  options.log = [](std::string line) { spdlog::warn("{}", line); };
  std::random_device device; // never node.seed: nonces must differ
  made.store = std::make_unique<registry::redis_trust_store>(
    std::move(options), std::move(*own), clock,
    uint64_t{device()} << 32 | device());
  return {};
}

result<void> found(node_trust& made, const std::filesystem::path& folder,
                   std::optional<trust::node_identity> kept, config& settings,
                   const clock_source& clock) {
  settings.name = name_of(settings);
  auto restored = registry::take_over_restored(folder);
  if (!restored)
    return restored.error();
  if (!restored->empty())
    spdlog::warn("this node has the authority of cluster {} from now on",
                 *restored);
  if (auto opened = open_store(made, folder, settings, clock); !opened)
    return opened;
  auto authority
    = tunnel::authority::open(*made.store, clock, settings.cluster);
  if (!authority)
    return authority.error();
  made.authority = std::move(*authority);
  settings.cluster = made.authority->cluster();
  const node_name self{settings.name};
  made.authority->belongs_to(self);
  if (kept && kept->self.node == self
      && kept->cluster == made.authority->cluster()) {
    const auto facts = tls::facts_of_pem(kept->certificate);
    if (settings.join.empty())
      settings.join = kept->addresses; // of the other controllers
    if (facts && !trust::due_for_renewal(*facts, clock.wall())) {
      made.identity = std::move(*kept);
      return {};
    }
  }
  auto own = made.authority->issue_own(self);
  if (!own)
    return own.error();
  made.identity = std::move(*own);
  return made.files->save(made.identity);
}

} // namespace

std::string name_of(const config& settings) {
  return settings.name.empty() ? default_name() : settings.name;
}

result<node_trust> open_trust(const std::filesystem::path& data,
                              config& settings, const clock_source& clock) {
  node_trust made;
  const auto folder = data / "trust";
  made.files = std::make_unique<registry::identity_files>(folder);
  auto kept = made.files->load();
  if (!kept)
    return kept.error();
  if (*kept && !(*kept)->self.controller) {
    if (auto good = apply(**kept, settings); !good)
      return good.error();
    auto revoked = made.files->load_revoked();
    if (!revoked)
      return revoked.error();
    made.revoked = std::move(*revoked);
    made.identity = std::move(**kept);
    made.identity.addresses = settings.join; // they may have changed
    return made;
  }
  if (!settings.controller)
    return error{errc::invalid_argument,
                 "this node has not joined a cluster, and node.controller is "
                 "false",
                 "`faas-cli node token` on the controller's node makes a "
                 "token; then `faas-node join TOKEN` here"};
  if (auto good = found(made, folder, std::move(*kept), settings, clock); !good)
    return good.error();
  return made;
}

std::vector<std::string> addresses_of(const config& settings, uint16_t port) {
  if (!settings.advertise.empty())
    return settings.advertise;
  auto host = settings.link_address;
  if (host == "0.0.0.0" || host == "::")
    host = host_name();
  else if (host.find(':') != host.npos)
    host = "[" + host + "]";
  return {host + ":" + std::to_string(port)};
}

} // namespace faas::node
