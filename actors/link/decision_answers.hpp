// Decisions of other nodes: how they are asked for by call id. Pure.
#pragma once

#include "actors/link/node_rounds.hpp"
#include "libfaas/ports/decision_book.hpp"

#include <optional>
#include <vector>

namespace faas::actors {

/// Asks a node why it sent an event where it went. Only controllers are
/// answered. The payload is the call id; of the answer, a segment of a log of
/// decisions, or nothing.
inline constexpr const char* decisions_kind = "decisions";

/// Without an id.
wire::admin_request decisions_request(const call_id& of);
/// nullopt: it is none.
std::optional<call_id> call_of(const wire::admin_request& request);
wire::admin_reply decisions_reply(uint64_t id,
                                  const std::vector<decisions::record>& all);
/// Attempts at that event as the first node tells that has any: one node takes
/// an event.
told_decisions told_of(const call_id& id,
                       const std::vector<node_answer>& answers);

} // namespace faas::actors
