// The key of the secrets, for the controllers that share a Redis.
#pragma once

#include "registry/redis/client.hpp"

#include <filesystem>

namespace faas::registry {

struct shared_key_options {
  redis::client_options client;
  std::string prefix = "petrel:"; ///< must have passed check_redis_prefix()
  std::filesystem::path cluster_key; ///< file; it seals the key in Redis
  std::filesystem::path key_file;    ///< of secrets, on this node
};

/// Makes the key file hold the key that Redis has, or puts it there when Redis
/// has none, sealed by the cluster key. Without either it makes one if it may.
/// A file that is there is never changed. Blocks for a few of the client's
/// timeouts. Nothing is done, without an error, when there is no key at all.
///
/// errc::conflict: the file has another key than Redis; errc::forbidden: the
/// cluster key does not fit; errc::unavailable; and the errors of files.
result<void> share_secret_key(const shared_key_options& options,
                              const clock_source& clock, uint64_t seed,
                              bool may_make);

} // namespace faas::registry
