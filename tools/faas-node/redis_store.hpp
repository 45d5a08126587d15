// What a controller keeps in Redis: its lease and the catalog.
#pragma once

#include "libfaas/ports/catalog.hpp"
#include "libfaas/ports/secrets.hpp"
#include "registry/lease/lease_keeper.hpp"
#include "registry/redis/client.hpp"
#include "tools/faas-node/config.hpp"

#include <filesystem>

namespace faas::node {

struct redis_stores {
  std::shared_ptr<registry::lease_keeper> seat;
  std::shared_ptr<catalog_store> catalog; ///< written under the lease only
  std::shared_ptr<secret_store> secrets;  ///< likewise
};

/// How to reach registry.redis. errc::unavailable when a file it needs cannot
/// be read.
result<registry::redis::client_options> redis_client_of(const config& settings);

/// Where the cluster key is.
std::filesystem::path cluster_key_file(const config& settings,
                                       const std::filesystem::path& data);

/// Returns once Redis answers and has its replicas; its error when it does not
/// answer within 10 s: a starting one may still be reading its data. Without the
/// replicas it returns, too, then: only changes need them. errc::cancelled after
/// SIGTERM or SIGINT.
result<void> wait_for_redis(const registry::redis::client_options& options,
                            uint32_t replicas, const clock_source& clock);

/// Asks for the controller's lease, and goes on asking while another node has
/// it. An error when Redis cannot be used within 10 s; errc::cancelled after
/// SIGTERM or SIGINT.
result<redis_stores> open_redis_store(const config& settings,
                                      const std::filesystem::path& data,
                                      const clock_source& clock);

} // namespace faas::node
