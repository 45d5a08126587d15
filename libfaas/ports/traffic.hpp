// Which versions of a function get which events: aliases, weights, rollouts.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/rollout/phase.hpp"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace faas {

/// Chosen by the client; a command repeated with the same id has no second
/// effect and gets the first outcome.
using request_id = named<struct request_id_tag>;

/// Shares of the events by version, in per cent; they add up to 100.
using traffic_weights = std::map<uint32_t, uint32_t>;
using alias_map = std::map<std::string, uint32_t>;

/// One rollout as it is kept: the last one of a function, also when it ended.
struct rollout_record {
  uint32_t version = 0; ///< that comes in
  uint32_t from = 0;    ///< current when it began
  rollout_plan plan;
  rollout::phase phase = rollout::phase::warming;
  uint32_t step = 0;    ///< index into plan.steps
  std::string reason;   ///< why it ended
  wall_time since;      ///< of phase and step
  bool operator==(const rollout_record&) const = default;

  bool under_way() const noexcept { return !rollout::ended(phase); }
  /// Per cent for the new version now.
  uint32_t share() const noexcept;
};

/// Asked for by request, in the place of what the manifest says until the next
/// deployment: instances per node that stay when nothing comes, at most the
/// version's concurrency. 0: none.
struct scale_rule {
  uint32_t least = 0;
  uint64_t since = 0; ///< the revision that brought it
  bool operator==(const scale_rule&) const = default;
};
/// More is counted as this: no manifest allows more instances on a node.
inline constexpr uint32_t most_instances = 1024;

/// How the events of a function are divided, beside its current version, and
/// what was asked for by request.
struct traffic_rules {
  alias_map aliases;
  traffic_weights weights; ///< fixed ones; empty: all to the current version
  std::optional<rollout_record> rollout;
  std::optional<scale_rule> scale;
  bool operator==(const traffic_rules&) const = default;
};

/// The one form in which stores keep the rules; "" for none. Unknown keys are
/// ignored when reading. errc::invalid_argument says what cannot be read.
std::string to_json(const traffic_rules& rules);
result<traffic_rules> traffic_from_json(std::string_view json);

/// Aliases per function, and what one looks like: `^[a-z][-a-z0-9]*$`, at most
/// 63 characters. So no alias is a version number.
inline constexpr size_t kept_aliases = 16;
bool valid_alias(std::string_view name) noexcept;

/// Divides the events among kept versions by fixed shares. All to one version
/// makes it the current one.
struct traffic_command {
  request_id id;
  function_name function;
  traffic_weights weights;
  std::string by;
};

/// Points an alias at a kept version, which then runs; 0 removes the alias.
struct alias_command {
  request_id id;
  function_name function;
  std::string alias;
  uint32_t version = 0;
  std::string by;
};

struct rollout_command {
  request_id id;
  function_name function;
  enum class action : uint8_t { pause, resume, abort };
  action what = action::pause;
  std::string by;
};

/// Sets the function's scale_rule. One that asks for none again is carried out
/// again: what has come back since leaves the memory.
struct scale_command {
  request_id id;
  function_name function;
  uint32_t least = 0;
  std::string by;
};

/// The controller's own: a rollout under way goes to another step or ends.
struct advance_command {
  request_id id;
  function_name function;
  uint32_t version = 0; ///< of the rollout that is meant
  rollout::phase to = rollout::phase::stepping;
  uint32_t step = 0;
  std::string reason;
};

} // namespace faas
