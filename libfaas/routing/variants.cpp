#include "libfaas/routing/variants.hpp"

namespace faas::routing {

namespace {
constexpr double notably = 0.05; ///< likelier
} // namespace

service_grade grade_of(const decision& made, double deadline_ms,
                       double patience) noexcept {
  if (!made)
    return made.why == reason::refused ? service_grade::refused
                                       : service_grade::none;
  if (made.why == reason::likeliest)
    return service_grade::unsure;
  if (made.why != reason::explored
      && waits_long(made.chosen_parts(), deadline_ms, patience))
    return service_grade::pressed;
  return service_grade::sure;
}

void variant_search::add(const decision& made) noexcept {
  const auto grade = grade_of(made, deadline_ms_, patience_);
  const double chance
    = made ? chance_within(made.chosen_parts(), deadline_ms_) : 0;
  const bool alike = grade == grade_;
  const bool better
    = count_ == 0 || grade > grade_
      || (alike && grade == service_grade::pressed)
      || (alike && grade == service_grade::unsure
          && chance > chance_ + notably);
  if (better) {
    best_ = count_;
    grade_ = grade;
    chance_ = chance;
    made_ = made;
  }
  ++count_;
}

} // namespace faas::routing
