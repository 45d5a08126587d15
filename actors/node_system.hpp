// The actors of one node: built, supervised, stopped in order.
#pragma once

#include "actors/link/membership.hpp"
#include "actors/log_book.hpp"
#include "actors/routing/decision_notes.hpp"
#include "actors/routing/port_book.hpp"
#include "actors/routing/route_stats.hpp"
#include "actors/system/census.hpp"
#include "libfaas/bundles/collection.hpp"
#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/bundle_store.hpp"
#include "libfaas/ports/catalog.hpp"
#include "libfaas/ports/event_port.hpp"
#include "libfaas/ports/function_host.hpp"
#include "libfaas/ports/metrics.hpp"
#include "libfaas/ports/replica_store.hpp"
#include "libfaas/ports/secrets.hpp"

#include <memory>
#include <string>
#include <vector>

namespace faas::actors {

/// What a node's actors are made of. All pointers outlive the node_system.
struct node_system_config {
  wire::hello self; ///< name, tier, labels, runtimes; boot id made by main
  uint32_t scheduler_threads = 2;
  /// Connections to other nodes; null: there are none.
  peer_links* peers = nullptr;
  /// Second connections to them; null: there are none.
  bulk_links* bulk = nullptr;
  std::vector<node_endpoint> join;
  wire::link_options links;
  bundle_store* bundles = nullptr;
  bundles::collection_rules bundle_rules; ///< on the controller's node
  uint64_t bundle_cache_bytes = 0;        ///< on any other; 0: no bound
  function_hosts* hosts = nullptr;
  /// With it this node has the controller.
  std::shared_ptr<catalog_store> catalog;
  /// With it the controller leads by turns with those of other nodes.
  leader_seat* seat = nullptr;
  node_book* nodes = nullptr; ///< with the controller
  /// Without the controller: this node's last assignments; null: not kept.
  replica_store* replica = nullptr;
  /// What this node has learned of latencies; null: not kept.
  replica_store* experience = nullptr;
  /// The controller's; null: it keeps no secrets. Loaded after the catalog.
  std::shared_ptr<secret_store> secrets;
  /// Makes the sealer once it is known whether the store has secrets.
  std::function<std::shared_ptr<const secret_sealer>(bool has_secrets)> sealer;
  /// Where functions of this node find their secrets; null: nowhere, for the
  /// reason that they are told.
  secret_files* files = nullptr;
  error no_files{errc::unavailable, "this node has no place for secrets"};
  /// Where the loops' decisions go, with the bounds of one loop.
  decision_log_config decisions = {};
  decision_book* decided = nullptr; ///< for other nodes' questions; null: none
  /// Measure how slow this node's CPU is, for those whom no events tell.
  bool cpu_probes = true;
  const clock_source* clock = nullptr;
  uint64_t seed = 0;
  std::function<void(std::string)> log;
  /// A service actor ended by a fault, which is a defect: the node should stop
  /// in order and be started again. Any thread.
  std::function<void(std::string)> on_fault;
};

/// Owns the actor system. Construction spawns the actors; stop() ends them in
/// order. Thread safe where the ports say so.
class node_system {
public:
  /// The error of the catalog when it cannot be loaded; one that does not lead
  /// loads it later.
  static result<std::unique_ptr<node_system>> start(node_system_config config);
  ~node_system();

  event_port_factory& events();
  admin_port& admin();
  /// Metrics of routing and of the actors.
  std::vector<const metrics_source*> metrics() const;

  /// Ends the actors: links say goodbye, functions drain, then the rest. Waits
  /// at most `grace`, then kills. False when something had to be killed.
  /// Gateway loops must have closed their ports before.
  bool stop(duration grace);

private:
  struct impl;
  explicit node_system(std::unique_ptr<impl> impl);
  std::unique_ptr<impl> impl_;
};

} // namespace faas::actors
