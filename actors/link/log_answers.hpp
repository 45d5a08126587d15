// Log lines of other nodes: how they are asked for and put together. Pure.
#pragma once

#include "actors/link/node_rounds.hpp"
#include "libfaas/ports/admin_port.hpp"

#include <optional>
#include <vector>

namespace faas::actors {

/// Asks a node for its lines. Only controllers are answered.
inline constexpr const char* logs_kind = "logs";
/// Text of an answer, at most; the newest lines go first into it.
inline constexpr size_t log_answer_bytes = 256 * limits::kib;

/// Without an id.
wire::admin_request log_request(const log_query& query);
/// nullopt: it is none.
std::optional<log_query> query_of(const wire::admin_request& request);
wire::admin_reply log_reply(uint64_t id, const std::vector<log_line>& lines);
/// Lines of that node, whatever they say of it; those that can be read.
std::vector<log_line> lines_of(const node_answer& answer);
/// All of them by time; the last `tail` when that is over 0.
std::vector<log_line> merged(std::vector<log_line> own, int64_t tail,
                             const std::vector<node_answer>& answers);

} // namespace faas::actors
