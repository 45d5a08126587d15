// A function and lighter ones that may answer in its place.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <span>

namespace faas::routing {

/// A function, its lighter one, that one's lighter one ...: not more are asked.
inline constexpr size_t max_variants = 4;

/// How well a decision serves its event; a higher one is better.
enum class service_grade : uint8_t {
  none,    ///< no site can run it
  refused, ///< no site can be in time
  unsure,  ///< less likely in time than wanted
  sure     ///< in time, as far as the policy minds; or tried to learn
};
service_grade grade_of(const decision& made) noexcept;

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
/// The first sure one wins: a heavier variant that is in time is never given up
/// for a faster answer. If none is sure, the likeliest in time; if all are
/// refused, the first. Not thread safe; keeps a copy of the best decision only.
class variant_search {
public:
  /// The event's deadline in ms, as in event_features.
  explicit variant_search(double deadline_ms) noexcept
    : deadline_ms_(deadline_ms) {}

  void add(const decision& made) noexcept;
  /// No further one can be better, or there are enough.
  bool settled() const noexcept {
    return grade_ == service_grade::sure || count_ >= max_variants;
  }
  /// Position of the best one; 0 before the first add().
  size_t best() const noexcept { return best_; }
  service_grade grade() const noexcept { return grade_; }
  /// The best one's decision; of the function's own when nothing can be chosen,
  /// so that its refusal can be told.
  const decision& made() const noexcept { return made_; }

private:
  double deadline_ms_;
  size_t count_ = 0, best_ = 0;
  service_grade grade_ = service_grade::none;
  double chance_ = 0;
  decision made_;
};

} // namespace faas::routing
