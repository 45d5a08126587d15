#include "tools/faas-node/redis_store.hpp"

#include "libfaas/core/id.hpp"
#include "registry/lease/led_catalog.hpp"
#include "registry/lease/led_secrets.hpp"
#include "registry/redis/redis_catalog.hpp"
#include "registry/redis/redis_lease.hpp"
#include "registry/redis/redis_secrets.hpp"

#include <spdlog/spdlog.h>

#include <condition_variable>
#include <csignal>
#include <fstream>
#include <mutex>
#include <random>

namespace faas::node {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 10s;

result<registry::redis::address> address_of(const config& settings) {
  auto to = registry::redis::parse_address(settings.redis);
  if (to)
    to->files = {settings.redis_ca_file, settings.redis_cert_file,
                 settings.redis_key_file};
  if (!to || settings.redis_password_file.empty())
    return to;
  std::ifstream in{settings.redis_password_file};
  if (!std::getline(in, to->password))
    return error{errc::unavailable,
                 "cannot read registry.redis_password_file "
                   + settings.redis_password_file,
                 "write the password into its first line, readable for this "
                 "user"};
  return to;
}

/// Stop signals are blocked and taken by main() once the node runs.
bool asked_to_stop() {
  sigset_t waiting;
  sigemptyset(&waiting);
  ::sigpending(&waiting);
  return sigismember(&waiting, SIGTERM) == 1
         || sigismember(&waiting, SIGINT) == 1;
}

/// Never from node.seed: ids of a lease, a history and a commit must differ at
/// every start.
random_source fresh_random() {
  std::random_device device;
  return random_source{uint64_t{device()} << 32 | device()};
}

std::string holder_of(const config& settings, random_source& random) {
  return settings.name + " " + call_id::make(random).to_string().substr(0, 8);
}

/// Encrypted, or of this machine. Sentinels may name any host.
bool is_private(const registry::redis::address& to) {
  const bool local = to.host == "localhost" || to.host == "::1"
                     || to.host.starts_with("127.");
  return to.tls || !to.socket.empty() || (to.sentinels.empty() && local);
}

std::shared_ptr<registry::lease_keeper>
make_keeper(const config& settings, registry::redis::client_options client,
            const clock_source& clock, random_source& random) {
  registry::lease_keeper_config made;
  // A renewal must fail in time for another attempt within the term.
  client.connect_timeout = client.command_timeout = 800ms;
  client.longest_pause = 400ms;
  made.store = std::make_unique<registry::redis_lease>(
    std::move(client), settings.redis_prefix, clock, random.next());
  made.holder = holder_of(settings, random);
  made.clock = &clock;
  made.seed = random.next();
  made.log = [](std::string line) { spdlog::warn("{}", line); };
  return std::make_shared<registry::lease_keeper>(std::move(made));
}

} // namespace

result<registry::redis::client_options>
redis_client_of(const config& settings) {
  auto to = address_of(settings);
  if (!to)
    return to.error();
  registry::redis::client_options made;
  made.server = std::move(*to);
  return made;
}

std::filesystem::path cluster_key_file(const config& settings,
                                       const std::filesystem::path& data) {
  return settings.key_file.empty() ? data / "cluster-key"
                                   : std::filesystem::path{settings.key_file};
}

result<void> wait_for_redis(const registry::redis::client_options& options,
                            uint32_t replicas, const clock_source& clock) {
  registry::redis::client probe{options, clock, fresh_random().next()};
  const auto end = clock.now() + patience;
  std::mutex mutex;
  std::condition_variable never;
  for (;;) {
    const auto answer
      = probe.run_one({"WAIT", std::to_string(replicas), "100"});
    if (answer && answer->number >= int64_t{replicas})
      return {};
    if (asked_to_stop())
      return error{errc::cancelled, "stopped while waiting for Redis"};
    if (clock.now() > end)
      return answer ? result<void>{} : answer.error();
    std::unique_lock lock{mutex};
    never.wait_for(lock, 100ms);
  }
}

result<redis_stores> open_redis_store(const config& settings,
                                      const std::filesystem::path& data,
                                      const clock_source& clock) {
  auto random = fresh_random();
  auto client = redis_client_of(settings);
  if (!client)
    return client.error();
  if (!is_private(client->server))
    spdlog::warn("the connection to Redis at {} is not encrypted; see "
                 "docs/operations.md",
                 client->server.shown());
  registry::redis_catalog_options options;
  options.client = std::move(*client);
  options.prefix = settings.redis_prefix;
  options.witness = data / "redis-witness";
  options.wait_replicas = settings.wait_replicas;
  options.log = [](std::string line) { spdlog::warn("{}", line); };
  auto keeper = make_keeper(settings, options.client, clock, random);
  if (auto begun = keeper->begin(patience, asked_to_stop); !begun)
    return begun.error();
  registry::redis_secrets_options for_secrets;
  for_secrets.client = options.client;
  for_secrets.prefix = options.prefix;
  for_secrets.wait_replicas = options.wait_replicas;
  auto store
    = registry::redis_catalog::open(std::move(options), clock, random);
  if (!store)
    return store.error();
  auto secrets
    = registry::redis_secrets::open(std::move(for_secrets), clock, random);
  if (!secrets)
    return secrets.error();
  redis_stores made;
  made.catalog
    = std::make_shared<registry::led_catalog>(keeper, std::move(*store));
  made.secrets
    = std::make_shared<registry::led_secrets>(keeper, std::move(*secrets));
  made.seat = std::move(keeper);
  return made;
}

} // namespace faas::node
