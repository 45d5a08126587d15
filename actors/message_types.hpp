// Tells CAF which of our messages cross nodes and which stay. Included by
// interfaces.hpp only.
#pragma once

#include "actors/secret_messages.hpp"

#include <caf/type_id.hpp>

CAF_BEGIN_TYPE_ID_BLOCK(petrel, caf::first_custom_type_id)
  CAF_ADD_TYPE_ID(petrel, (faas::actors::wire_frame))
CAF_END_TYPE_ID_BLOCK(petrel)

// Local only: shared pointers cannot cross a node.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::deploy_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::remove_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::rollback_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::traffic_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::alias_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::rollout_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::scale_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::scale_moved>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::rollout_evidence>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::spread_evidence>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::node_loads>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::spread_loads>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::leader_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundle_shared>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::share_bundle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::versions_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::list_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::describe_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::node_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::node_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::node_placements>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::cluster_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::placement_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::peers_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundle_ready>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::host_loaded>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::host_quarantined>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::need_bundle>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::keep_replica>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::chunk_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::chunk_wanted>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bulk_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bulk_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundle_peers>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundles_in_use>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::collect_bundles>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::bundles_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::structure>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::loop_report>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::ping_seen>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::probe_seen>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::cpu_wanted>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::cpu_told>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::estimates_wanted>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::estimates_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::sites_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::shared_ptr<faas::actors::outgoing_events>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::outgoing_control>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::outgoing_probe>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::link_replaced>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::peer_opened>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::link_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::control_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::nodes_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::logs_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::decisions_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::spread_view>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::spread_placements>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::put_secret_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::remove_secret_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::secrets_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::copy_registry_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(
  faas::actors::local<faas::actors::replace_registry_call>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::secret_wanted>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::host_closed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::host_changed>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::secrets_ready>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::secrets_moved>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::need_secrets>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::drop_secrets>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::secret_arrived>)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(faas::actors::local<faas::actors::secret_source>)
