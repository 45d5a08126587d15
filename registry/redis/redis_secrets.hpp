// Sealed secrets in a Redis server, beside the catalog of the same prefix.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/ports/secrets.hpp"
#include "registry/redis/client.hpp"

#include <memory>

namespace faas::registry {

struct redis_secrets_options {
  redis::client_options client;
  std::string prefix = "petrel:"; ///< as the catalog's
  /// Requests whose outcome is remembered.
  uint32_t remembered_requests = 1000;
  /// Replicas that must have a change before it is acknowledged.
  uint32_t wait_replicas = 0;
  duration wait_timeout = std::chrono::seconds{1};
};

/// As redis_catalog: one script per change, checked against schema, leader and
/// history of the catalog, which must have been loaded (and so made) before.
/// Redis never sees a value, nor the key. Not thread safe.
class redis_secrets final : public secret_store {
public:
  /// Does not connect. errc::invalid_argument for a bad prefix.
  static result<std::unique_ptr<redis_secrets>>
  open(redis_secrets_options options, const clock_source& clock,
       random_source& random);

  ~redis_secrets() override;
  /// errc::unavailable when there is no catalog (any more), or when the store
  /// went back behind what this object has seen.
  result<secrets_state> load() override;
  result<std::optional<secret_outcome>>
  outcome_of(const request_id& request) override;
  result<void> commit(const secret_change& change) override;
  result<void> stage(const secrets_state& with) override;
  result<void> settle(const std::string& history) override;
  void fence(const lease& held) override;

private:
  struct state;
  explicit redis_secrets(std::unique_ptr<state> opened);
  std::unique_ptr<state> state_;
};

} // namespace faas::registry
