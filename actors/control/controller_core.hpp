// What the controller decides: which node runs what, and when traffic moves.
#pragma once

#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/catalog.hpp"
#include "libfaas/ports/runtime.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace faas::actors {

/// A node as the controller knows it.
struct node_record {
  node_name name;
  std::string tier;
  string_map labels;
  std::vector<std::string> runtimes;
  bool connected = false;
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
  std::set<node_name> nodes;
};

/// What every node gets: the whole desired state and who has reached it.
struct cluster_view {
  revision at;
  std::vector<assigned_version> versions;
  std::vector<node_record> nodes;
  std::vector<placement> placements;
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

/// Why a node may not run a function; empty when it may.
std::string why_not(const function_spec& spec, const node_record& node);

/// Pure core of the controller actor. Not thread safe.
class controller_core {
public:
  explicit controller_core(catalog_state state);

  const catalog_state& catalog() const noexcept { return state_; }
  void apply(const catalog_change& change);
  /// The store holds something else than was thought (a lost answer, another
  /// leader meanwhile): this is it.
  void replace(catalog_state state);
  void node_seen(node_record node);
  void node_left(const node_name& name);
  /// Everything that one node runs; replaces what was known of it.
  void reported(const node_name& node, std::vector<placement> placements);

  cluster_view view() const;
  std::vector<function_status> list() const;
  result<function_status> describe(const function_name& name) const;
  result<std::vector<version_status>> versions(const function_name& name) const;
  warm_up warm_up_of(const function_name& name, uint32_t version) const;

private:
  /// Moves traffic to the current version once every connected node that
  /// shall run it has reached an end state and at least one is ready. Until
  /// then the version that has it keeps it; a version that cannot start never
  /// gets any.
  void settle(const function_record& record);
  warm_up warm_up_of(const function_version& version) const;
  /// On one node at least.
  bool serves(const function_version& version) const;
  const placement* placed(const node_name& node, const function_name& name,
                          uint32_t version) const;
  /// Shares of the versions that get events now; with the one in service.
  traffic_weights shares_of(const function_record& record) const;
  std::set<uint32_t> running(const function_record& record) const;
  void add_missing(function_status& status, const function_spec& spec,
                   uint32_t version) const;
  function_status status_of(const function_record& record) const;
  std::set<node_name> nodes_for(const function_spec& spec) const;

  catalog_state state_;
  std::map<node_name, node_record> nodes_;
  std::map<node_name, std::vector<placement>> placements_;
  std::map<function_name, uint32_t> traffic_;
};

} // namespace faas::actors
