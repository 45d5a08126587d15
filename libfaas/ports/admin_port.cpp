#include "libfaas/ports/admin_port.hpp"

#include <charconv>

namespace faas {

std::string_view name(instance_state state) noexcept {
  switch (state) {
    case instance_state::pending: return "pending";
    case instance_state::pulling: return "pulling";
    case instance_state::loading: return "loading";
    case instance_state::ready: return "ready";
    case instance_state::draining: return "draining";
    case instance_state::failed: return "failed";
    case instance_state::quarantined: return "quarantined";
  }
  return "unknown";
}

std::string_view name(node_state state) noexcept {
  switch (state) {
    case node_state::alive: return "alive";
    case node_state::suspect: return "suspect";
    case node_state::lost: return "lost";
  }
  return "unknown";
}

std::string_view name(bundle_fate fate) noexcept {
  switch (fate) {
    case bundle_fate::needed: return "needed";
    case bundle_fate::recent: return "recent";
    case bundle_fate::spare: return "spare";
    case bundle_fate::unused: return "unused";
  }
  return "unknown";
}

std::string_view name(node_duty duty) noexcept {
  switch (duty) {
    case node_duty::active: return "active";
    case node_duty::cordoned: return "cordoned";
    case node_duty::draining: return "draining";
    case node_duty::drained: return "drained";
  }
  return "unknown";
}

std::string_view name(node_command::what wanted) noexcept {
  switch (wanted) {
    case node_command::what::cordon: return "cordon";
    case node_command::what::uncordon: return "uncordon";
    case node_command::what::drain: return "drain";
    case node_command::what::remove: return "remove";
  }
  return "unknown";
}

bool log_query::wants(const log_line& line) const {
  if (line.function != function)
    return false;
  const auto mark = seen.find(line.instance);
  return mark == seen.end() ? line.at >= since
                            : line.sequence > mark->second.sequence
                                || line.at > mark->second.at;
}

namespace {

/// Instances that a placement says it has; one when it does not say.
uint32_t instances_of(const placement_status& at) noexcept {
  const auto fact = at.facts.find("instances");
  uint32_t count = 1;
  if (fact != at.facts.end())
    std::from_chars(fact->second.data(),
                    fact->second.data() + fact->second.size(), count);
  return count;
}

} // namespace

uint32_t function_status::replicas() const noexcept {
  uint32_t count = 0;
  for (const auto& at : placements) {
    using enum instance_state;
    if (at.version != version || at.state == failed || at.state == quarantined
        || at.state == draining)
      continue;
    if (!least)
      ++count;
    else if (at.state != pending) // also of nodes that are no candidates
      count += *least;
  }
  return count;
}

uint32_t function_status::available() const noexcept {
  uint32_t count = 0;
  for (const auto& at : placements)
    if (at.version == version && at.state == instance_state::ready)
      count += least ? instances_of(at) : 1;
  return count;
}

} // namespace faas
