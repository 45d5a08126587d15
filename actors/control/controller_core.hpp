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
  bool traffic = false; ///< new events go to this version
  std::set<node_name> nodes;
};

/// What every node gets: the whole desired state and who has reached it.
struct cluster_view {
  revision at;
  std::vector<assigned_version> versions;
  std::vector<node_record> nodes;
  std::vector<placement> placements;
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

private:
  /// Moves traffic to the current version once every connected node that
  /// shall run it has reached an end state and at least one is ready. Until
  /// then the version that has it keeps it; a version that cannot start never
  /// gets any.
  void settle(const function_record& record);
  bool settled(const function_version& version) const;
  function_status status_of(const function_record& record) const;
  std::set<node_name> nodes_for(const function_spec& spec) const;

  catalog_state state_;
  std::map<node_name, node_record> nodes_;
  std::map<node_name, std::vector<placement>> placements_;
  std::map<function_name, uint32_t> traffic_;
};

} // namespace faas::actors
