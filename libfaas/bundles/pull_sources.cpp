#include "libfaas/bundles/pull_sources.hpp"

#include <algorithm>

namespace faas::bundles {

std::optional<node_name>
pull_sources::choose(const std::vector<candidate>& now) {
  const candidate* best = nullptr;
  for (const auto& one : now) {
    if (left_.contains(one.node))
      continue;
    if (!best
        || std::pair{one.rtt, one.node} < std::pair{best->rtt, best->node})
      best = &one;
  }
  current_ = best ? std::optional{best->node} : std::nullopt;
  return current_;
}

void pull_sources::leave(const node_name& node, const std::string& why) {
  left_.insert(node);
  reasons_ += (reasons_.empty() ? "" : "; ") + node.str() + ": " + why;
}

bool pull_sources::failed(std::string why) {
  if (current_)
    leave(*current_, why);
  current_.reset();
  if (!whole_ || givers_.empty())
    return false;
  givers_.clear();
  return true;
}

void pull_sources::wrong() {
  if (!unknown_giver_ && givers_.size() == 1)
    leave(*givers_.begin(), "sent wrong bytes");
  whole_ = true;
  unknown_giver_ = false;
  givers_.clear();
  current_.reset();
}

} // namespace faas::bundles
