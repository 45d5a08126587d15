// Which member is which field: one list per message, from which encoding,
// decoding and clearing follow. Numbers are petrel.proto's. Private to this
// folder.
#pragma once

#include "libfaas/wire/messages.hpp"

#include <concepts>
#include <type_traits>

namespace faas::wire {

/// M is T or const T.
template <class M, class T>
concept of = std::same_as<std::remove_const_t<M>, T>;

/// What encoding a fragment needs, without a copy of event or body.
struct event_fragment_view {
  uint64_t transfer, offset;
  bool last;
  uint64_t total;
  duration remaining;
  const invocation& head;
  std::string_view body;
};
struct reply_fragment_view {
  uint64_t transfer, offset;
  bool last;
  uint64_t total;
  const reply& head;
  std::string_view body;
};

// A visitor is called as v(number, member); v.fixed() for 64 bits that are
// random, where a varint would be longer. v.first_piece(m) tells whether a
// fragment carries what belongs to the first piece only.

void fields(auto& v, of<error> auto& m) {
  v(1, m.code), v(2, m.message), v(3, m.next_step);
}

void fields(auto& v, of<hello> auto& m) {
  v(1, m.min_protocol), v(2, m.max_protocol), v(3, m.node), v(4, m.boot);
  v(5, m.software), v(6, m.tier), v(7, m.cores), v(8, m.labels);
  v(9, m.runtimes), v(10, m.torch), v(11, m.controller), v(12, m.cluster);
  v(13, m.address), v(14, m.links), v(15, m.memory), v(16, m.executors);
}

void fields(auto& v, of<welcome> auto& m) {
  v(1, m.protocol), v(2, m.node), v(3, m.boot);
}

void fields(auto& v, of<refused> auto& m) {
  v(1, m.why);
}
void fields(auto& v, of<ping> auto& m) {
  v(1, m.sequence);
}
void fields(auto& v, of<pong> auto& m) {
  v(1, m.sequence);
}

void fields(auto& v, of<header> auto& m) {
  v(1, m.name), v(2, m.value);
}

void fields(auto& v, of<invocation> auto& m) {
  v.fixed(1, m.id.high), v.fixed(2, m.id.low), v(3, m.function);
  v(4, m.version), v(5, m.method), v(6, m.path), v(7, m.query);
  v(8, m.content_type), v(9, m.headers), v(10, m.traceparent);
  v(11, m.tracestate), v(12, m.idempotency_key), v(13, m.size);
  v(14, m.source), v(15, m.attempt);
}

template <class V, class M>
requires of<M, event_fragment> || of<M, event_fragment_view>
void fields(V& v, M& m) {
  v(1, m.transfer), v(2, m.offset), v(3, m.last);
  if (v.first_piece(m.offset))
    v(4, m.total), v(5, m.remaining), v(6, m.head);
  v(7, m.body);
}
void fields(auto& v, of<event_batch> auto& m) {
  v(1, m.fragments);
}

void fields(auto& v, of<reply> auto& m) {
  v(1, m.code), v(2, m.status), v(3, m.content_type), v(4, m.headers);
  v(5, m.message), v(6, m.next_step), v(7, m.times.queue);
  v(8, m.times.service), v(9, m.times.cold), v(10, m.site);
  v(11, m.version), v(12, m.queue_length), v(13, m.started);
  v(14, m.start), v(15, m.times.batch), v(16, m.queue_foreign);
}

template <class V, class M>
requires of<M, reply_fragment> || of<M, reply_fragment_view>
void fields(V& v, M& m) {
  v(1, m.transfer), v(2, m.offset), v(3, m.last);
  if (v.first_piece(m.offset))
    v(4, m.total), v(5, m.head);
  v(6, m.body);
}
void fields(auto& v, of<reply_batch> auto& m) {
  v(1, m.fragments);
}

void fields(auto& v, of<ack> auto& m) {
  v(1, m.bytes), v(2, m.sequence), v(3, m.came);
}
void fields(auto& v, of<cancel> auto& m) {
  v(1, m.transfers);
}

void fields(auto& v, of<revision> auto& m) {
  v(1, m.history), v(2, m.number);
}
void fields(auto& v, of<scale_wish> auto& m) {
  v(1, m.asked), v(2, m.since);
}
void fields(auto& v, of<assignment> auto& m) {
  v(1, m.version.function), v(2, m.version.version), v(3, m.spec_json);
  v(4, m.bundle), v(5, m.current), v(6, m.weight), v(7, m.nodes);
  v(8, m.aliases), v(9, m.watched), v(10, m.secrets), v(11, m.scale);
  v(12, m.held);
}
void fields(auto& v, of<assignments> auto& m) {
  v(1, m.at), v(2, m.functions), v(3, m.term), v(4, m.controllers);
}

void fields(auto& v, of<profile_point> auto& m) {
  v(1, m.size), v(2, m.ms);
}
void fields(auto& v, of<host_stats> auto& m) {
  v(1, m.slots), v(2, m.running), v(3, m.waiting), v(4, m.accepted);
  v(5, m.answered), v(6, m.refused), v(7, m.failed), v(8, m.timed_out);
  v(9, m.written_off), v(10, m.inline_p99_us);
}
void fields(auto& v, of<placement_status> auto& m) {
  v(1, m.node), v(2, m.version), v(3, m.state), v(4, m.reason);
  v(5, m.slots), v(6, m.running), v(7, m.waiting), v(8, m.facts);
}
void fields(auto& v, of<placement_entry> auto& m) {
  v(1, m.function), v(2, m.status), v(3, m.profile), v(4, m.stats);
}
void fields(auto& v, of<placement_report> auto& m) {
  v(1, m.node), v(2, m.at), v(3, m.entries);
}

void fields(auto& v, of<bundle_request> auto& m) {
  v(1, m.bundle), v(2, m.offset), v(3, m.length);
}
void fields(auto& v, of<bundle_chunk> auto& m) {
  v(1, m.bundle), v(2, m.offset), v(3, m.total), v(4, m.bytes), v(5, m.why);
}

void fields(auto& v, of<node_status> auto& m) {
  v(1, m.name), v(2, m.tier), v(3, m.address), v(4, m.state);
  v(5, m.controller), v(6, m.self), v(7, m.cores), v(8, m.labels);
  v(9, m.version), v(10, m.boot), v(11, m.rtt_ms), v(12, m.in_flight);
  v(13, m.duty), v(14, m.note), v(15, m.executors);
}
void fields(auto& v, of<node_report> auto& m) {
  v(1, m.node), v(2, m.nodes);
}

void fields(auto& v, of<admin_request> auto& m) {
  v(1, m.id), v(2, m.kind), v(3, m.payload), v(4, m.remaining);
}
void fields(auto& v, of<admin_reply> auto& m) {
  v(1, m.id), v(2, m.why), v(3, m.payload);
}
void fields(auto& v, of<goodbye> auto& m) {
  v(1, m.reason);
}
void fields(auto& v, of<version_evidence> auto& m) {
  v(1, m.version.function), v(2, m.version.version), v(3, m.site);
  v(4, m.samples);
}
void fields(auto& v, of<evidence> auto& m) {
  v(1, m.versions);
}
void fields(auto& v, of<version_load> auto& m) {
  v(1, m.version.function), v(2, m.version.version), v(3, m.rate);
  v(4, m.service), v(5, m.busy), v(6, m.instances), v(7, m.slots);
}
void fields(auto& v, of<loads> auto& m) {
  v(1, m.versions);
}
void fields(auto& v, of<probe> auto& m) {
  v(1, m.number), v(2, m.version.function), v(3, m.version.version);
}
void fields(auto& v, of<probe_answer> auto& m) {
  v(1, m.number), v(2, m.runs), v(3, m.inside), v(4, m.lately);
}
void fields(auto& v, of<secret_request> auto& m) {
  v(1, m.name);
}
void fields(auto& v, of<secret_value> auto& m) {
  v(1, m.name), v(2, m.stamp), v(3, m.value), v(4, m.why);
}
void fields(auto& v, of<part> auto& m) {
  v(1, m.transfer), v(2, m.offset), v(3, m.total), v(4, m.bytes);
}

} // namespace faas::wire
