// The rollouts under way: what was seen of them, and what is due.
#pragma once

#include "actors/control/controller_core.hpp"
#include "libfaas/rollout/rollout.hpp"
#include "libfaas/wire/messages.hpp"

#include <functional>

namespace faas::actors {

/// Follows the catalog's records and proposes their next changes; what is
/// proposed takes effect when the catalog has it. Evidence is in memory: a
/// controller that starts again waits for new, in the step that the record
/// names. Pure; not thread safe.
class rollout_courses {
public:
  /// A version that fails on all its nodes for so long cannot start.
  static constexpr duration patience = std::chrono::seconds{5};
  /// Sites compared per rollout; further ones are left out.
  static constexpr size_t max_sites = 256;

  /// The record as it is now.
  void follow(const function_record& record, time_point now);
  void forget(const function_name& function);

  void add(const wire::version_evidence& seen);

  using warm_up_of = std::function<warm_up(const function_name&, uint32_t)>;
  /// Changes to be committed now: at most one per function. Asked again, it
  /// proposes the same until follow() has told of them.
  std::vector<advance_command> due(time_point now, const warm_up_of& warmth);

  /// Events of the new version that were compared.
  uint64_t compared(const function_name& function) const;

private:
  struct course {
    rollout_record record;
    rollout::rollout judged;
    std::map<site_name, uint32_t> sites;
    std::optional<time_point> failing; ///< on all nodes, since then
  };
  std::optional<advance_command> next(const function_name& function,
                                      course& of, time_point now,
                                      const warm_up& warmth) const;

  std::map<function_name, course> courses_;
};

} // namespace faas::actors
