// What two nodes say to each other. The contract is petrel.proto; these are
// its messages as plain structs.
#pragma once

#include "libfaas/event/invocation.hpp"
#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/function_host.hpp"
#include "libfaas/ports/runtime.hpp"
#include "libfaas/ports/secrets.hpp"
#include "libfaas/wire/probe_messages.hpp"
#include "libfaas/wire/scale_messages.hpp"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace faas::wire {

/// Protocol versions that this build speaks.
inline constexpr uint32_t min_protocol = 1;
inline constexpr uint32_t max_protocol = 2;
/// Since then nodes know of duties (cordoned, drained) of the others.
inline constexpr uint32_t protocol_with_duties = 2;
/// Since then a node may take bulk connections; one that does not refuses them.
inline constexpr uint32_t protocol_with_bulk = 2;
/// Since then a body may be as long as a node takes at all.
inline constexpr uint32_t protocol_with_long_bodies = 2;

/// First message in either direction: who I am and what I can do.
struct hello {
  uint32_t min_protocol = wire::min_protocol;
  uint32_t max_protocol = wire::max_protocol;
  node_name node;
  boot_id boot;
  std::string software; ///< version of the program, for people
  std::string tier;
  uint32_t cores = 0;
  string_map labels;
  std::vector<std::string> runtimes; ///< "native", "torch"
  bool torch = false;                ///< libtorch plug-in can be loaded
  bool controller = false;
  std::string cluster; ///< nodes of another cluster are refused
  std::string address; ///< where the node's gateway listens, for `nodes`
  /// Where other nodes may dial it, as host:port; empty: nowhere.
  std::vector<std::string> links;
  uint64_t memory = 0; ///< bytes it can use at all; 0: it does not say
  uint32_t executors = 0; ///< threads that run functions; 0: it does not say
  bool operator==(const hello&) const = default;
};

/// The hello was accepted; the protocol to speak from now on.
struct welcome {
  uint32_t protocol = 0;
  node_name node;
  boot_id boot;
  bool operator==(const welcome&) const = default;
};

/// The hello was not accepted. The sender closes the link afterwards.
struct refused {
  error why;
  bool operator==(const refused&) const = default;
};

struct ping {
  uint64_t sequence = 0;
  bool operator==(const ping&) const = default;
};
/// Answers the ping of that sequence, at once.
struct pong {
  uint64_t sequence = 0;
  bool operator==(const pong&) const = default;
};

/// A piece of one event. Only the piece at offset 0 carries head, remaining
/// and total.
struct event_fragment {
  uint64_t transfer = 0; ///< chosen by the sender, increasing per link
  uint64_t offset = 0;   ///< of `body` in the whole body
  bool last = false;
  uint64_t total = 0;   ///< bytes of the whole body
  duration remaining{}; ///< until the deadline, when the frame was written
  invocation head;      ///< without body, accepted, deadline
  std::string body;
};
struct event_batch {
  std::vector<event_fragment> fragments;
};

/// A piece of one reply; `transfer` is the event's.
struct reply_fragment {
  uint64_t transfer = 0;
  uint64_t offset = 0;
  bool last = false;
  uint64_t total = 0;
  reply head; ///< without body
  std::string body;
};
struct reply_batch {
  std::vector<reply_fragment> fragments;
};

/// Data frames received so far on this connection.
struct ack {
  uint64_t bytes = 0;    ///< sum of their lengths
  uint64_t sequence = 0; ///< of the last one
  duration came{};       ///< when it came, since the connection stands
  bool operator==(const ack&) const = default;
};

/// The sender no longer wants these events answered.
struct cancel {
  std::vector<uint64_t> transfers;
  bool operator==(const cancel&) const = default;
};

/// One version that a node shall run.
struct assignment {
  version_ref version;
  std::string spec_json; ///< to_json(function_spec)
  digest bundle;
  bool current = false; ///< the version that new events get by default
  uint32_t weight = 0;  ///< share of the traffic in per cent
  std::vector<std::string> nodes; ///< that run it
  std::vector<std::string> aliases; ///< names beside its number
  bool watched = false; ///< a rollout compares it: evidence is wanted
  string_map secrets;   ///< name: stamp of its value
  scale_wish scale = {};
  std::vector<std::string> held = {}; ///< keep it in memory
  bool operator==(const assignment&) const = default;
};
/// Controller to node: everything that the node shall run.
struct assignments {
  revision at;
  std::vector<assignment> functions;
  /// Of the leader that gives them; a node follows the highest that it has
  /// seen. 0: the cluster has one controller and no terms.
  uint64_t term = 0;
  /// Where the cluster's controllers may be dialled, the sender first.
  std::vector<std::string> controllers;
  bool operator==(const assignments&) const = default;
};

/// One version on the reporting node.
struct placement_entry {
  function_name function;
  placement_status status; ///< its node is the report's
  std::vector<profile_point> profile;
  host_stats stats;
};
/// Node to all: what it runs.
struct placement_report {
  node_name node;
  revision at; ///< of the assignments that it follows
  std::vector<placement_entry> entries;
};

struct bundle_request {
  digest bundle;
  uint64_t offset = 0;
  uint32_t length = 0;
  bool operator==(const bundle_request&) const = default;
};
/// Part of the packed bytes, or why not (why.code != errc::ok).
struct bundle_chunk {
  digest bundle;
  uint64_t offset = 0;
  uint64_t total = 0;
  std::string bytes;
  error why{errc::ok, {}};
  bool operator==(const bundle_chunk&) const = default;
};

/// Nodes as the sender sees them.
struct node_report {
  node_name node;
  std::vector<node_status> nodes;
};

/// A management call that another node shall carry out: deploy, remove, list,
/// describe, logs. The payload's form belongs to the kind.
struct admin_request {
  uint64_t id = 0;
  std::string kind;
  std::string payload; ///< JSON
  duration remaining{};
  bool operator==(const admin_request&) const = default;
};
struct admin_reply {
  uint64_t id = 0;
  error why{errc::ok, {}};
  std::string payload; ///< JSON; empty on failure
  bool operator==(const admin_reply&) const = default;
};

/// The sender leaves; it takes no more events but answers those it has.
struct goodbye {
  std::string reason;
  bool operator==(const goodbye&) const = default;
};

/// How events of one version ended at one site: rollout::pack(sample).
struct version_evidence {
  version_ref version;
  site_name site;
  std::vector<uint64_t> samples;
  bool operator==(const version_evidence&) const = default;
};
/// Node to controller: what rollouts are judged by. A node that does not know
/// it ignores it; then the rollout waits.
struct evidence {
  std::vector<version_evidence> versions;
  bool operator==(const evidence&) const = default;
};

/// A piece of a message that is too long for one frame. The pieces together
/// are one encoded message; the link cuts and joins, nobody else sees them.
struct part {
  uint64_t transfer = 0;
  uint64_t offset = 0;
  uint64_t total = 0;
  std::string bytes;
  bool operator==(const part&) const = default;
};

/// Node to controller: the value of a secret that an assigned version uses.
struct secret_request {
  secret_name name;
  bool operator==(const secret_request&) const = default;
};
/// The value, or why not (why.code != errc::ok).
struct secret_value {
  secret_name name;
  std::string stamp;
  secret_text value;
  error why{errc::ok, {}};
  bool operator==(const secret_value&) const = default;
};

/// Position + 1 is the field number in petrel.proto's Message: only append.
using message
  = std::variant<hello, welcome, refused, ping, pong, event_batch, reply_batch,
                 ack, cancel, assignments, placement_report, bundle_request,
                 bundle_chunk, node_report, admin_request, admin_reply, goodbye,
                 part, evidence, secret_request, secret_value, loads,
                 probe, probe_answer>;

/// Name of the kind, for logs and metrics: "event_batch".
std::string_view name(const message& what) noexcept;

/// Judges a peer's hello: the protocol to speak (the highest both know), or
/// errc::incompatible_peer (no common protocol; the message names both
/// ranges), errc::forbidden (another cluster), errc::conflict (our own name),
/// errc::invalid_argument (no valid node name or no boot id).
result<welcome> accept(const hello& self, const hello& peer);

/// Longest body of an event or a reply that travels by this protocol.
constexpr size_t body_bytes(uint32_t protocol) noexcept {
  return protocol < protocol_with_long_bodies ? limits::old_body_bytes
                                              : limits::body_bytes;
}

} // namespace faas::wire
