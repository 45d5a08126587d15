// The controller's part that changes the catalog.
#pragma once

#include "libfaas/ports/catalog.hpp"

#include <functional>
#include <span>
#include <variant>
#include <vector>

namespace faas::actors {

/// A command that somebody else keeps.
using catalog_command
  = std::variant<const deploy_command*, const remove_command*,
                 const rollback_command*, const traffic_command*,
                 const alias_command*, const rollout_command*,
                 const scale_command*, const advance_command*>;

struct catalog_desk_config {
  std::shared_ptr<catalog_store> store;
  /// Whether commands are taken now. With `doubt` the store may hold more than
  /// is known here: it is read again.
  std::function<result<void>(bool doubt)> ready;
  /// What is known; looked at after ready().
  std::function<const catalog_state&()> catalog;
  /// The change that a command makes of a state, which may lack other
  /// functions.
  std::function<result<catalog_change>(const catalog_state&, catalog_command)>
    plan;
  /// That change is durable.
  std::function<void(const catalog_change&)> stored;
};

/// Carries commands out: planned, stored, then known. Those that come together
/// share a commit. Blocks on the store. Not thread safe.
class catalog_desk {
public:
  catalog_desk() = default;
  explicit catalog_desk(catalog_desk_config config)
    : config_(std::move(config)) {}

  /// One outcome per command, in their order; each sees those before it.
  std::vector<result<command_outcome>>
  carry_out(std::span<const catalog_command> commands);
  result<command_outcome> carry_out(catalog_command command);

private:
  using outcomes = std::vector<result<command_outcome>>;
  /// As many as fit into one commit.
  void carry_out_some(std::span<const catalog_command> commands,
                      outcomes& done);
  /// Outcome of an earlier commit of the same request.
  result<std::optional<command_outcome>> known(const request_id& request);

  catalog_desk_config config_;
  bool doubt_ = false;
};

} // namespace faas::actors
