// The controller's part that copies everything and puts a copy in its place.
#pragma once

#include "actors/control/secret_desk.hpp"
#include "libfaas/ports/registry_copy.hpp"

namespace faas::actors {

struct registry_desk_config {
  std::shared_ptr<catalog_store> store;
  secret_desk* secrets = nullptr;
  /// Whether commands are taken now. With `doubt` the store may hold more than
  /// is known here: it is read again.
  std::function<result<void>(bool doubt)> ready;
  /// What is known; looked at after ready().
  std::function<const catalog_state&()> catalog;
  /// That state is durable, in the place of all before; secrets are not yet.
  std::function<void(catalog_state)> stored;
};

/// Export and import. Blocks on the stores. Not thread safe.
class registry_desk {
public:
  registry_desk() = default;
  explicit registry_desk(registry_desk_config config)
    : config_(std::move(config)) {}

  /// Of one moment; secrets are sealed anew, or (null) left out.
  result<registry_copy> copy(const secret_sealer* seal);
  /// The secrets are staged first and count once the catalog has the history
  /// that they were staged for: so both change, or none.
  result<replace_registry_outcome>
  carry_out(const replace_registry_command& command);
  /// The store may have taken the step though it did not say so.
  bool doubts() const noexcept { return doubt_; }

private:
  result<replace_registry_outcome>
  attempt(const replace_registry_command& command);
  result<void> may_replace(const replace_registry_command& command) const;
  result<replace_registry_outcome>
  replace(const replace_registry_command& command);
  replace_registry_outcome told(const revision& at, bool repeated) const;

  registry_desk_config config_;
  bool doubt_ = false;
};

} // namespace faas::actors
