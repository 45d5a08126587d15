// The catalog in Redis, as a node uses it.
#pragma once

#include "libfaas/ports/secrets.hpp"
#include "tools/faas-node/config.hpp"

#include <filesystem>

namespace faas::node {

struct redis_stores {
  std::unique_ptr<catalog_store> catalog;
  std::unique_ptr<secret_store> secrets;
};

/// Takes the controller's lease, waiting as a standby while another node has
/// it (until SIGTERM or SIGINT: errc::cancelled), and opens catalog and secrets
/// under it. When another takes the lease over later, this process gets SIGTERM. An
/// error when Redis cannot be used within 10 s.
result<redis_stores>
open_redis_store(const config& settings, const std::filesystem::path& data,
                 const clock_source& clock);

} // namespace faas::node
