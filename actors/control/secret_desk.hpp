// The controller's part that deals with secrets.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/ports/secrets.hpp"
#include "libfaas/wire/messages.hpp"

#include <functional>
#include <memory>

namespace faas::actors {

struct secret_desk_config {
  /// Null: this controller keeps no secrets.
  std::shared_ptr<secret_store> store;
  std::shared_ptr<const secret_sealer> sealer;
  secrets_state state; ///< what store->load() gave
  std::string history = {}; ///< of the catalog, for store->settle()
  /// Makes the sealer; whoever begins to lead asks anew. Empty: it stays.
  std::function<std::shared_ptr<const secret_sealer>(bool has_secrets)> unlock
    = {};
};

/// Carries commands out, says which values nodes shall have, and opens one for
/// a node that may have it. Keeps sealed values only. Blocks on the store. Not
/// thread safe.
class secret_desk {
public:
  secret_desk() = default;
  secret_desk(secret_desk_config config, const clock_source& clock)
    : config_(std::move(config)), clock_(&clock) {}

  result<secret_outcome> carry_out(const put_secret_command& command);
  /// `view`: what runs, which may use it.
  result<secret_outcome> carry_out(const remove_secret_command& command,
                                   const cluster_view& view);
  std::vector<secret_status> list(const cluster_view& view) const;
  /// Another controller may have changed them, or the catalog has come to this
  /// history without this desk: what was staged for it counts, the rest is gone.
  result<void> reload(const std::string& history);
  /// Whether the secrets that a change begins to use exist.
  result<void> check(const catalog_state& before, const catalog_change& change);
  /// All values, sealed anew by another key.
  result<secrets_state> copy(const secret_sealer& seal) const;
  /// What the store shall hold once the catalog has that history: the secrets
  /// of a copy, sealed by this controller's key, or (null) those of now.
  result<secrets_state> planned(const secrets_state* from,
                                const secret_sealer* opener,
                                const std::string& history) const;
  /// Keeps it until the catalog has taken its step.
  result<void> stage(const secrets_state& next);
  /// The catalog has: it counts. What the store cannot do now it does before
  /// its next change.
  void settle(secrets_state next);
  bool empty() const noexcept { return config_.state.secrets.empty(); }
  size_t count() const noexcept { return config_.state.secrets.size(); }
  bool has(const secret_name& name) const {
    return config_.state.secrets.contains(name);
  }
  /// Notes in each version which values it shall have.
  void stamp(cluster_view& view) const;
  /// The value, if that node shall run a version that uses it.
  wire::secret_value open_for(const node_name& node, const secret_name& name,
                              const cluster_view& view) const;

private:
  template <class Plan>
  result<secret_outcome> carry_out(const request_id& id, Plan plan);
  template <class Plan>
  result<secret_outcome> attempt(const request_id& id, Plan plan);
  /// Reads the store again when it may hold more than is known here.
  result<void> refresh();

  secret_desk_config config_;
  const clock_source* clock_ = nullptr;
  bool stale_ = false;
};

} // namespace faas::actors
