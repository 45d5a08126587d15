// The catalog in a Redis server, for clusters with several controllers.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/ports/catalog.hpp"
#include "registry/redis/client.hpp"

#include <filesystem>
#include <memory>

namespace faas::registry {

struct redis_catalog_options {
  redis::client_options client;
  /// Begins every key: letters, digits and . : _ - , at most 64 characters.
  std::string prefix = "petrel:";
  /// File in which this node notes the highest revision it has seen, so that a
  /// store that lost its data while the node was down is noticed. Empty: only
  /// while the process lives.
  std::filesystem::path witness;
  /// Requests whose outcome is remembered.
  uint32_t remembered_requests = 10'000;
  /// Replicas that must have a change before it is acknowledged.
  uint32_t wait_replicas = 0;
  duration wait_timeout = std::chrono::seconds{1};
  /// Gets lines for the operator. May be empty.
  std::function<void(std::string)> log;
};

/// Catalog store on Redis: one script per change, which checks schema, history,
/// revision, request and leader before it writes anything. Each call blocks for
/// at most a few of the client's timeouts. How durable a change is depends on
/// the server: see README.md. Not thread safe; may move between threads.
///
/// Besides the port's errors: errc::unavailable while the server is away,
/// refuses or was emptied, also when the outcome of a commit is not known (ask
/// outcome_of(), load again); errc::storage_full when its memory is full;
/// errc::conflict when the store has another history or a newer schema.
class redis_catalog final : public catalog_store {
public:
  /// Does not connect. errc::invalid_argument for a bad prefix.
  static result<std::unique_ptr<redis_catalog>>
  open(redis_catalog_options options, const clock_source& clock,
       random_source& random);

  ~redis_catalog() override;
  /// A store with an older number of the same history than this node has seen
  /// gets a new history at the first load and is errc::unavailable at a later
  /// one; one that was emptied is errc::unavailable.
  result<catalog_state> load() override;
  result<std::optional<command_outcome>>
  outcome_of(const request_id& request) override;
  using catalog_store::commit;
  result<void> commit(std::span<const catalog_change> changes) override;
  /// Staged in keys of its own, which end by themselves, then swapped in.
  result<void> replace(const catalog_state& with,
                       const request_id& request) override;
  void fence(const lease& held) override;
  void seen(const revision& at) override;

private:
  struct state;
  explicit redis_catalog(std::unique_ptr<state> opened);
  std::unique_ptr<state> state_;
};

/// errc::invalid_argument unless it may begin keys.
result<void> check_redis_prefix(const std::string& prefix);

} // namespace faas::registry
