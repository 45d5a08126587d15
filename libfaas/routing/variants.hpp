// A function and lighter ones that may answer in its place.
#pragma once

#include "libfaas/routing/deadline_rules.hpp"

namespace faas::routing {

/// A function, its lighter one, that one's lighter one ...: not more are asked.
inline constexpr size_t max_variants = 4;

/// How well a decision serves its event; a higher one is better.
enum class service_grade : uint8_t {
  none,    ///< no site can run it
  refused, ///< no site can be in time
  unsure,  ///< less likely in time than wanted
  pressed, ///< in time, but it waits long for that: see variant_search
  sure     ///< in time, as far as the policy minds; or tried to learn
};

/// `deadline_ms` as in event_features; `patience` as in variant_search.
service_grade grade_of(const decision& made, double deadline_ms,
                       double patience = usual_patience) noexcept;

/// Collects the decisions for one event, the function's own first, then those
/// for its lighter variants, until settled():
///
///     variant_search search{features.deadline_ms};
///     for (each variant, heaviest first) {
///       search.add(decide(its candidates, its features, its policy, ...));
///       if (search.settled())
///         break;
///     }
///     search.best()    // which one is to run: position in the order of add()
///
/// The first sure one wins: a heavier variant that is in time is not given up
/// for a faster answer. But one that would wait for more than `patience` of
/// what its deadline leaves it is pressed: others wait already, and each event
/// that is answered by a lighter variant now saves later ones from being
/// refused. So a sure lighter one comes before it, and of pressed ones the
/// lightest. If all are unsure, the likeliest in time (by 0.05 at least); if
/// all are refused, the first.
///
/// Not thread safe; keeps a copy of the best decision only.
class variant_search {
public:
  /// The event's deadline in ms, as in event_features.
  explicit variant_search(double deadline_ms,
                          double patience = usual_patience) noexcept
    : deadline_ms_(deadline_ms), patience_(patience) {}

  void add(const decision& made) noexcept;
  /// No further one can be better, or there are enough.
  bool settled() const noexcept {
    return grade_ == service_grade::sure || count_ >= max_variants;
  }
  /// Position of the best one; 0 before the first add().
  size_t best() const noexcept { return best_; }
  /// Whether the one added last is the best so far.
  bool best_is_last() const noexcept { return best_ + 1 == count_; }
  service_grade grade() const noexcept { return grade_; }
  /// The best one's decision; of the function's own when nothing can be chosen,
  /// so that its refusal can be told.
  const decision& made() const noexcept { return made_; }

private:
  double deadline_ms_, patience_;
  size_t count_ = 0, best_ = 0;
  service_grade grade_ = service_grade::none;
  double chance_ = 0;
  decision made_;
};

} // namespace faas::routing
