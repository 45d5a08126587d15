// Which sites a decision looks at where there are more than it can hold.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <array>
#include <span>

namespace faas::routing {

/// Of any number of candidates the `leaders` that the policy ranks first
/// (policy::rank), and `scouts` others at random, so that a site whose rank is
/// wrong is seen now and then. Each candidate that can come among the first is
/// predicted for, with what is known now.
///
///     shortlist some{event, rule, random, now, sites};
///     for (uint32_t i = 0; i < sites; ++i)
///       some.offer(candidate i, i);
///     for (const auto i : some.finish())
///       few.push_back(candidate i);
///     decide(few, event, rule, random, now)
///
/// The propensity of such a decision is that of the choice among these.
/// Allocation-free. Not thread safe; refers to its arguments.
class shortlist {
public:
  static constexpr size_t scouts = 4;
  static constexpr size_t leaders = max_candidates - scouts;

  /// `sites`: so many will be offered.
  shortlist(const event_features& event, const policy& rule,
            random_source& random, time_point now, size_t sites) noexcept;

  /// Positions differ. Who is not healthy, or has no cell, is left out.
  void offer(const candidate& one, uint32_t position) noexcept;

  /// Whom to look at: positions, rising; none if nobody is healthy. Once, after
  /// the last offer.
  std::span<const uint32_t> finish() noexcept;

private:
  struct leader {
    standing rank;
    uint32_t position;
  };
  struct scout {
    uint32_t position;
    bool there = false; ///< was offered, and healthy
  };

  bool hopeless(const candidate& one) const noexcept;
  void replace_last(const leader& by) noexcept;

  event_features event_;
  const policy& rule_;
  random_source& random_;
  double now_ms_;
  bool skips_; ///< who cannot come among the first
  std::array<leader, leaders> leaders_; ///< the first `kept_`, in any order
  size_t kept_ = 0, last_ = 0;          ///< last_: the one ranked last
  std::array<scout, scouts> scouts_;
  std::array<uint32_t, max_candidates> made_;
};

} // namespace faas::routing
