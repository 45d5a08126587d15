// Every actor interface of a node, handler by handler.
#pragma once

#include "actors/message_types.hpp"

#include <caf/atom.hpp>
#include <caf/typed_actor.hpp>

namespace faas::actors {

using controller_actor = caf::typed_actor<
  // Commits a new version, answers, then sends the new view to all nodes.
  caf::reacts_to<local<deploy_call>>,
  // The same, once the other controllers have its bundle.
  caf::reacts_to<local<bundle_shared>>,
  // Likewise for a removal.
  caf::reacts_to<local<remove_call>>,
  caf::reacts_to<local<rollback_call>>,
  caf::reacts_to<local<traffic_call>>,
  caf::reacts_to<local<alias_call>>,
  caf::reacts_to<local<rollout_call>>,
  caf::reacts_to<local<scale_call>>,
  caf::reacts_to<local<put_secret_call>>,
  caf::reacts_to<local<remove_secret_call>>,
  caf::reacts_to<local<secrets_call>>,
  caf::reacts_to<local<copy_registry_call>>,
  // Everything in one step, then the new view to all nodes.
  caf::reacts_to<local<replace_registry_call>>,
  // From vaults.
  caf::reacts_to<local<secret_wanted>>,
  caf::reacts_to<local<versions_call>>,
  caf::reacts_to<local<bundles_call>>,
  caf::reacts_to<local<list_call>>,
  caf::reacts_to<local<describe_call>>,
  // Cordons, drains or removes a node: durable, told to all nodes, answered.
  caf::reacts_to<local<node_call>>,
  // From membership.
  caf::reacts_to<local<node_changed>>,
  // From agents.
  caf::reacts_to<local<node_placements>>,
  // From gateway loops, by way of their node.
  caf::reacts_to<local<rollout_evidence>>,
  // How busy versions are, from a node.
  caf::reacts_to<local<node_loads>>,
  // From the seat, where several controllers share one lease.
  caf::reacts_to<local<leader_changed>>,
  // What another leader gave out.
  caf::reacts_to<local<cluster_view>>,
  // Time to look at rollouts.
  caf::reacts_to<caf::tick_atom>,
  // Time to carry out what waits, and to give out what has changed since.
  caf::reacts_to<caf::flush_atom>>;

using agent_actor = caf::typed_actor<
  // Desired state of the cluster: makes this node match its part of it.
  caf::reacts_to<local<cluster_view>>,
  caf::reacts_to<local<placement_changed>>,
  caf::reacts_to<local<peers_changed>>,
  // Time to start what died by a fault.
  caf::reacts_to<caf::tick_atom>,
  // Time to look at the load.
  caf::reacts_to<caf::update_atom>,
  // Time to tell how far versions are that are being brought here.
  caf::reacts_to<caf::put_atom>,
  // Time to publish what has changed since.
  caf::reacts_to<caf::flush_atom>>;

using function_actor = caf::typed_actor<
  caf::reacts_to<local<bundle_ready>>,
  caf::reacts_to<local<host_loaded>>,
  caf::reacts_to<local<host_quarantined>>,
  caf::reacts_to<local<host_changed>>,
  caf::reacts_to<local<host_closed>>,
  // From the vault.
  caf::reacts_to<local<secrets_ready>>,
  // From the agent: secrets have other values.
  caf::reacts_to<local<secrets_moved>>,
  // From the agent: another number of instances is wanted.
  caf::reacts_to<local<scale_moved>>,
  // Time to try again after a failure that may pass.
  caf::reacts_to<caf::tick_atom>,
  // Drain, then end.
  caf::reacts_to<caf::close_atom>>;

using keeper_actor = caf::typed_actor<
  caf::reacts_to<local<need_bundle>>,
  caf::reacts_to<local<chunk_arrived>>,
  caf::reacts_to<local<chunk_wanted>>,
  // From bulk connections.
  caf::reacts_to<local<bulk_arrived>>,
  caf::reacts_to<local<bulk_changed>>,
  caf::reacts_to<local<bundle_peers>>,
  // From the agent.
  caf::reacts_to<local<bundles_in_use>>,
  // From the controller.
  caf::reacts_to<local<collect_bundles>>,
  // The node's last assignments, for a start without the controller.
  caf::reacts_to<local<keep_replica>>,
  // Gives up or repeats requests that got no answer.
  caf::reacts_to<caf::tick_atom>,
  // Time to remove what is stale.
  caf::reacts_to<caf::flush_atom>>;

using vault_actor = caf::typed_actor<
  caf::reacts_to<local<need_secrets>>,
  // A version runs here no more.
  caf::reacts_to<local<drop_secrets>>,
  caf::reacts_to<local<secret_arrived>>,
  caf::reacts_to<local<secret_source>>,
  // Gives up or repeats requests that got no answer.
  caf::reacts_to<caf::tick_atom>>;

using predictor_actor = caf::typed_actor<
  caf::reacts_to<local<structure>>,
  caf::reacts_to<local<loop_report>>,
  caf::reacts_to<local<ping_seen>>,
  caf::reacts_to<local<probe_seen>>,
  caf::reacts_to<local<cpu_wanted>>,
  caf::reacts_to<local<cpu_told>>,
  caf::reacts_to<local<sites_call>>,
  caf::reacts_to<local<estimates_wanted>>,
  caf::reacts_to<local<estimates_arrived>>,
  caf::reacts_to<caf::tick_atom>>;

using link_actor = caf::typed_actor<
  // From the peer's link.
  caf::reacts_to<wire_frame>,
  caf::reacts_to<std::shared_ptr<outgoing_events>>,
  caf::reacts_to<local<outgoing_control>>,
  caf::reacts_to<local<outgoing_probe>>,
  caf::reacts_to<local<link_replaced>>,
  // Answers wait in the link's inbox.
  caf::reacts_to<caf::flush_atom>,
  caf::reacts_to<caf::tick_atom>,
  // Say goodbye, fail what is in flight, end.
  caf::reacts_to<caf::close_atom>>;

using membership_actor = caf::typed_actor<
  // First frame of a peer that dialled us: a link is made for it.
  caf::reacts_to<wire_frame>,
  caf::reacts_to<local<link_changed>>,
  caf::reacts_to<local<peer_opened>>,
  caf::reacts_to<local<control_arrived>>,
  caf::reacts_to<local<nodes_call>>,
  caf::reacts_to<local<logs_call>>,
  caf::reacts_to<local<decisions_call>>,
  caf::reacts_to<local<spread_view>>,
  caf::reacts_to<local<spread_placements>>,
  caf::reacts_to<local<spread_evidence>>,
  caf::reacts_to<local<spread_loads>>,
  caf::reacts_to<local<share_bundle>>,
  // Time to dial.
  caf::reacts_to<caf::tick_atom>,
  caf::reacts_to<caf::close_atom>>;

} // namespace faas::actors
