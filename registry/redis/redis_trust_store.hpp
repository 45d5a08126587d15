// The cluster's authority in a Redis server, for several controllers.
#pragma once

#include "libfaas/ports/trust_store.hpp"
#include "registry/redis/client.hpp"

#include <filesystem>
#include <memory>

namespace faas::registry {

struct redis_trust_options {
  redis::client_options client;
  std::string prefix = "petrel:"; ///< must have passed check_redis_prefix()
  /// Of the cluster key, with which key and ledger are sealed in Redis. Made
  /// when the cluster has no authority there yet.
  std::filesystem::path key_file;
  uint32_t wait_replicas = 0;
  duration wait_timeout = std::chrono::seconds{1};
  /// Gets lines for the operator. May be empty.
  std::function<void(std::string)> log;
};

/// The authority's key and ledger, sealed by the cluster key, so that whoever
/// reads or writes Redis can neither sign nor let nodes in. Each controller may
/// change the ledger, leading or not (but for change_under()): a change is made
/// on the latest version or not at all. `own` is this node's copy: it is put back when Redis has nothing
/// at the node's start. Thread safe; blocks for a few of the client's timeouts.
///
/// errc::unavailable while Redis is away, refuses or has lost the ledger;
/// errc::forbidden when the cluster key does not fit; errc::conflict when `own`
/// is of another cluster.
class redis_trust_store final : public trust_store {
public:
  /// Does not connect.
  redis_trust_store(redis_trust_options options,
                    std::unique_ptr<trust_store> own, const clock_source& clock,
                    uint64_t seed);
  ~redis_trust_store() override;

  result<trust::authority_keys> authority(
    const std::function<result<trust::authority_keys>()>& make) override;
  trust::ledger read() const override;
  result<void> refresh() override;
  result<void> change(
    const std::function<result<void>(trust::ledger&)>& edit) override;
  result<void> change_under(
    const lease& held,
    const std::function<result<void>(trust::ledger&)>& edit) override;

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace faas::registry
