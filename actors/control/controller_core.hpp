// What the controller decides: which node runs what, and when traffic moves.
#pragma once

#include "actors/control/node_duties.hpp"
#include "libfaas/bundles/uses.hpp"
#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/catalog.hpp"
#include "libfaas/ports/runtime.hpp"
#include "libfaas/scaling/tuner.hpp"

#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace faas::actors {

/// A node as the controller knows it.
struct node_record {
  node_name name;
  std::string tier;
  string_map labels;
  std::vector<std::string> runtimes;
  uint64_t memory = 0; ///< bytes it can use at all; 0: it does not say
  uint32_t executors = 0; ///< threads that run functions; 0: it does not say
  bool connected = false;
  node_duty duty = node_duty::active;
  std::string note; ///< draining: what it waits for
};

/// One version on one node, as reported.
struct placement {
  version_ref version;
  placement_status status;
  std::vector<profile_point> profile;
};

/// One version that nodes shall run, with the traffic rule.
struct assigned_version {
  version_ref version;
  function_spec spec;
  digest bundle;
  bool traffic = false; ///< in service: has the events that no other gets
  uint32_t weight = 0;  ///< its share of the events, per cent
  bool watched = false; ///< a rollout compares it
  std::vector<std::string> aliases;
  string_map secrets; ///< name: stamp of its value; those that exist
  std::optional<scale_rule> scale; ///< asked for by request
  std::set<node_name> nodes;
  std::set<node_name> held; ///< of these: keep it in memory
};

/// What every node gets: the whole desired state and who has reached it.
struct cluster_view {
  revision at;
  uint64_t term = 0; ///< of the leader that made it; 0: there are no terms
  std::vector<assigned_version> versions;
  std::vector<node_record> nodes;
  std::vector<placement> placements;
};

/// Where events of others may go, by a view: to nodes that a version is
/// assigned to and that are not cordoned. Keeps references to it.
class destinations {
public:
  explicit destinations(const cluster_view& view);
  bool events(const node_name& node, const version_ref& version) const;
  bool cordoned(const node_name& node) const { return cordoned_.contains(node); }

private:
  std::unordered_map<version_ref, const std::set<node_name>*> assigned_;
  std::set<node_name> cordoned_;
};

/// How far a version has come on the nodes that shall run it.
struct warm_up {
  enum class state : uint8_t {
    waiting, ///< a node has not reached an end state yet, or there is none
    ready,   ///< on one node at least, and no other is still on its way
    failed,  ///< on every node
  };
  state now = state::waiting;
  std::string why; ///< failed: node by node
};

/// Where a version may be held in memory, by what rule.
struct hold_candidates {
  scaling::tuner_settings tuning;
  std::map<node_name, uint32_t> slots; ///< by node that has it ready
};

/// Why a node may not run a function; empty when it may.
std::string why_not(const function_spec& spec, const node_record& node);

/// Pure core of the controller actor. Not thread safe.
class controller_core {
public:
  explicit controller_core(catalog_state state, node_entries nodes = {});

  const catalog_state& catalog() const noexcept { return state_; }
  void apply(const catalog_change& change);
  /// The store holds something else than was thought (a lost answer, another
  /// leader meanwhile): this is it.
  void replace(catalog_state state);
  /// What the leader before this one gave out: what was in service stays so
  /// until its successor is ready, and a node that it forgot is forgotten.
  void inherit(const cluster_view& view);
  /// What the book says, that another leader may have written.
  void take_duties(node_entries entries);
  void node_seen(node_record node);
  void node_left(const node_name& name);
  /// Everything that one node runs; replaces what was known of it.
  void reported(const node_name& node, std::vector<placement> placements);

  /// What a command makes of a node's entry. errc::not_found; errc::conflict
  /// for the removal of a node that still serves, unless it is forced.
  result<node_entry> planned(const node_command& command) const;
  /// The book has it.
  void set_duty(const node_name& node, node_entry entry);
  void forget(const node_name& node);
  node_standing standing(const node_name& node) const;
  /// Draining nodes that run nothing any more.
  std::vector<node_name> run_dry() const;

  cluster_view view() const;
  std::vector<function_status> list() const;
  result<function_status> describe(const function_name& name) const;
  result<std::vector<version_status>> versions(const function_name& name) const;
  warm_up warm_up_of(const function_name& name, uint32_t version) const;
  /// Nodes that fit it, take events of others and have it ready; nullopt when
  /// it does not run, or stays in memory anyway.
  std::optional<hold_candidates>
  hold_candidates_of(const version_ref& version) const;
  /// What every bundle is needed for, also by nodes that still have a version
  /// of a function that was removed.
  bundles::use_map bundle_uses() const;

private:
  void remember_bundles();
  void remember_bundles(const function_record& record);
  /// Those of versions that are neither kept nor placed.
  void forget_bundles();
  /// Moves traffic to the current version once every connected node that
  /// shall run it has reached an end state and at least one is ready. Until
  /// then the version that has it keeps it; a version that cannot start never
  /// gets any.
  void settle(const function_record& record);
  warm_up warm_up_of(const function_version& version) const;
  /// The current one when it does, or when none does.
  uint32_t newest_that_serves(const function_record& record) const;
  /// On one node at least.
  bool serves(const function_version& version) const;
  const placement* placed(const node_name& node, const function_name& name,
                          uint32_t version) const;
  /// Shares of the versions that get events now; with the one in service.
  traffic_weights shares_of(const function_record& record) const;
  std::set<uint32_t> running(const function_record& record) const;
  void add_missing(function_status& status,
                   const function_version& version) const;
  function_status status_of(const function_record& record) const;
  std::set<node_name> nodes_for(const function_version& version) const;
  std::string why_not_now(const function_version& version,
                          const node_record& node) const;
  /// The version, when it shall run somewhere.
  const function_version* running_version(const version_ref& version) const;
  std::set<version_ref> assigned_to(const node_record& node) const;
  /// Which versions draining nodes may give up.
  void settle_drains();
  /// What each node said of each version.
  using states
    = std::map<node_name, std::unordered_map<version_ref, instance_state>>;
  bool ready_beside(const function_version& version, const node_name& leaving,
                    const states& now) const;

  catalog_state state_;
  node_duties duties_;
  std::map<node_name, node_record> nodes_;
  std::map<node_name, std::map<version_ref, placement>> placements_;
  std::map<function_name, uint32_t> traffic_;
  /// Of the versions that are kept, or that a node still has; and of some that
  /// went lately.
  std::map<version_ref, std::vector<digest>> bundles_;
  size_t bundles_due_ = 0; ///< with so many it is time to forget
};

} // namespace faas::actors
