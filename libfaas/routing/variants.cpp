#include "libfaas/routing/variants.hpp"

#include "libfaas/routing/deadline_rules.hpp"

namespace faas::routing {

service_grade grade_of(const decision& made) noexcept {
  if (!made)
    return made.why == reason::refused ? service_grade::refused
                                       : service_grade::none;
  return made.why == reason::likeliest ? service_grade::unsure
                                       : service_grade::sure;
}

void variant_search::add(const decision& made) noexcept {
  const auto grade = grade_of(made);
  const double chance
    = made ? chance_within(made.chosen_parts(), deadline_ms_) : 0;
  const bool better
    = count_ == 0 || grade > grade_
      || (grade == grade_ && grade == service_grade::unsure
          && chance > chance_);
  if (better) {
    best_ = count_;
    grade_ = grade;
    chance_ = chance;
    made_ = made;
  }
  ++count_;
}

} // namespace faas::routing
