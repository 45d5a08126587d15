// Questions to several nodes: asked, waited for, answered once.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/wire/messages.hpp"

#include <functional>
#include <map>
#include <set>
#include <vector>

namespace faas::actors {

/// What one node said; empty when it has nothing, or could not tell.
struct node_answer {
  node_name by;
  std::string payload;
};

/// Questions of one kind under way: each is answered once, when all nodes have
/// answered or left, or when the time is over. Pure; one thread.
class node_rounds {
public:
  using sink = std::function<void(std::vector<node_answer>)>;

  /// For the nodes of one question.
  static constexpr auto patience = std::chrono::seconds{1};
  /// One that did not answer (of an older release, say) is not asked for so
  /// long.
  static constexpr auto rest = std::chrono::seconds{30};
  static constexpr size_t max_open = 1000;
  /// Where ids may begin, see the constructor.
  static constexpr uint64_t logs = uint64_t{1} << 63;
  static constexpr uint64_t decisions = uint64_t{1} << 61;

  /// Ids of its questions are above `first`, up to twice the least of these;
  /// no others have them.
  explicit node_rounds(uint64_t first) : first_(first), last_(first) {}

  bool is_mine(uint64_t id) const noexcept {
    return id - first_ < decisions;
  }
  /// Those of them that are worth asking.
  std::set<node_name> worth_asking(std::set<node_name> of,
                                   time_point now) const;
  /// Without nodes it is answered at once. The oldest question ends when there
  /// are too many.
  uint64_t begin(std::set<node_name> to, time_point now, sink done);
  void answered(const node_name& by, const wire::admin_reply& reply);
  void left(const node_name& node);
  void expire(time_point now);

private:
  struct round {
    std::set<node_name> waiting;
    std::vector<node_answer> answers;
    time_point until{};
    sink done;
  };
  using entry = std::map<uint64_t, round>::iterator;

  void strike(entry at, const node_name& node);
  void finish(entry at);

  std::map<uint64_t, round> open_; ///< ids grow, hence so do their ends
  std::map<node_name, time_point> resting_; ///< and until when
  uint64_t first_, last_;
};

/// All that a node asks others.
struct node_questions {
  node_rounds logs{node_rounds::logs};
  node_rounds decisions{node_rounds::decisions};

  /// False: it is no answer to any.
  bool answered(const node_name& by, const wire::admin_reply& reply);
  void left(const node_name& node);
  void expire(time_point now);
};

} // namespace faas::actors
