// A lease in a Redis server.
#pragma once

#include "libfaas/ports/lease.hpp"
#include "registry/redis/client.hpp"

#include <memory>

namespace faas::registry {

/// The controller's lease beside the catalog of the same prefix, whose commits
/// it fences. Its time is the server's. Has a connection of its own. Not thread
/// safe; may move between threads.
class redis_lease final : public lease_store {
public:
  /// Does not connect. The prefix must have passed check_redis_prefix().
  redis_lease(redis::client_options options, const std::string& prefix,
              const clock_source& clock, uint64_t seed);
  ~redis_lease() override;
  result<lease_answer> acquire(const std::string& holder,
                               duration ttl) override;
  result<bool> renew(const lease& held, duration ttl) override;
  result<void> release(const lease& held) override;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace faas::registry
