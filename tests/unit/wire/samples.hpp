// One message of every kind with every field set, and comparison of them.
#pragma once

#include "libfaas/wire/messages.hpp"

#include <bit>
#include <ostream>
#include <tuple>
#include <vector>

namespace faas {

inline bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

inline bool operator==(const execution_times& a, const execution_times& b) {
  return std::tie(a.queue, a.service, a.cold, a.batch)
         == std::tie(b.queue, b.service, b.cold, b.batch);
}
inline bool operator==(const invocation& a, const invocation& b) {
  const auto all = [](const invocation& m) {
    return std::tie(m.id, m.function, m.version, m.method, m.path, m.query,
                    m.content_type, m.headers, m.traceparent, m.tracestate,
                    m.idempotency_key, m.source, m.attempt);
  };
  return all(a) == all(b) && a.body.view() == b.body.view()
         && same_bits(a.size, b.size);
}
inline bool operator==(const reply& a, const reply& b) {
  const auto all = [](const reply& m) {
    return std::tie(m.code, m.status, m.content_type, m.headers, m.message,
                    m.next_step, m.times, m.site, m.version, m.queue_length,
                    m.started, m.start);
  };
  return all(a) == all(b) && a.body.view() == b.body.view();
}
inline bool operator==(const placement_status& a, const placement_status& b) {
  const auto all = [](const placement_status& m) {
    return std::tie(m.node, m.version, m.state, m.reason, m.slots, m.running,
                    m.waiting, m.facts);
  };
  return all(a) == all(b);
}
inline bool operator==(const profile_point& a, const profile_point& b) {
  return same_bits(a.size, b.size) && same_bits(a.ms, b.ms);
}
inline bool operator==(const host_stats& a, const host_stats& b) {
  const auto all = [](const host_stats& m) {
    return std::tie(m.slots, m.running, m.waiting, m.accepted, m.answered,
                    m.refused, m.failed, m.timed_out, m.written_off);
  };
  return all(a) == all(b) && same_bits(a.inline_p99_us, b.inline_p99_us);
}
inline bool operator==(const node_status& a, const node_status& b) {
  const auto all = [](const node_status& m) {
    return std::tie(m.name, m.tier, m.address, m.state, m.controller, m.self,
                    m.cores, m.labels, m.version, m.boot, m.in_flight);
  };
  return all(a) == all(b) && same_bits(a.rtt_ms, b.rtt_ms);
}

} // namespace faas

namespace faas::wire {

inline bool operator==(const event_fragment& a, const event_fragment& b) {
  const auto all = [](const event_fragment& m) {
    return std::tie(m.transfer, m.offset, m.last, m.total, m.remaining, m.head,
                    m.body);
  };
  return all(a) == all(b);
}
inline bool operator==(const event_batch& a, const event_batch& b) {
  return a.fragments == b.fragments;
}
inline bool operator==(const reply_fragment& a, const reply_fragment& b) {
  const auto all = [](const reply_fragment& m) {
    return std::tie(m.transfer, m.offset, m.last, m.total, m.head, m.body);
  };
  return all(a) == all(b);
}
inline bool operator==(const reply_batch& a, const reply_batch& b) {
  return a.fragments == b.fragments;
}
inline bool operator==(const placement_entry& a, const placement_entry& b) {
  return std::tie(a.function, a.status, a.profile, a.stats)
         == std::tie(b.function, b.status, b.profile, b.stats);
}
inline bool operator==(const placement_report& a, const placement_report& b) {
  return std::tie(a.node, a.at, a.entries) == std::tie(b.node, b.at, b.entries);
}
inline bool operator==(const node_report& a, const node_report& b) {
  return std::tie(a.node, a.nodes) == std::tie(b.node, b.nodes);
}

/// One per kind, in the variant's order; no field is zero or empty, and no two
/// fields of the same type in one message have the same value.
std::vector<message> samples();

} // namespace faas::wire
