// Log lines of other nodes: asked for, waited for, put together.
#pragma once

#include "actors/once.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/wire/messages.hpp"

#include <map>
#include <set>
#include <vector>

namespace faas::actors {

/// Asks a node for its lines. Only controllers are answered.
inline constexpr const char* logs_kind = "logs";
/// Text of an answer, at most; the newest lines go first into it.
inline constexpr size_t log_answer_bytes = 256 * limits::kib;

wire::admin_request log_request(uint64_t id, const log_query& query);
/// nullopt: it is none.
std::optional<log_query> query_of(const wire::admin_request& request);
wire::admin_reply log_reply(uint64_t id, const std::vector<log_line>& lines);
/// Lines of that node, whatever they say of it; those that can be read.
std::vector<log_line> lines_of(const node_name& node,
                               const wire::admin_reply& reply);

/// Questions under way: each is answered once, when all nodes have answered or
/// left, or when the time is over. Pure; one thread.
class log_rounds {
public:
  /// For the nodes of one question.
  static constexpr auto patience = std::chrono::seconds{1};
  /// One that did not answer (of an older release, say) is not asked for so
  /// long.
  static constexpr auto rest = std::chrono::seconds{30};
  static constexpr size_t max_open = 1000;

  /// Ids of its questions, which no others have.
  static bool is_mine(uint64_t id) noexcept { return (id & first_id) != 0; }

  bool asks(const node_name& node, time_point now) const;
  /// `own`: what is here. Without nodes it is answered at once. The oldest
  /// question ends when there are too many.
  uint64_t begin(std::set<node_name> to, const log_query& query,
                 std::vector<log_line> own, time_point now,
                 once<std::vector<log_line>> done);
  void answered(const node_name& by, const wire::admin_reply& reply);
  void left(const node_name& node);
  void expire(time_point now);

private:
  static constexpr uint64_t first_id = uint64_t{1} << 63;
  struct round {
    std::set<node_name> waiting;
    std::vector<log_line> lines;
    int64_t tail = -1;
    time_point until{};
    once<std::vector<log_line>> done;
  };
  using entry = std::map<uint64_t, round>::iterator;

  void strike(entry at, const node_name& node);
  void finish(entry at);

  std::map<uint64_t, round> open_; ///< ids grow, hence so do their ends
  std::map<node_name, time_point> resting_; ///< and until when
  uint64_t last_ = first_id;
};

} // namespace faas::actors
