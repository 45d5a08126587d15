#include "libfaas/routing/reply_load.hpp"

namespace faas::routing {
namespace {

bool earlier(const reply_load::plan& a, const reply_load::plan& b) noexcept {
  return a.ready_ms < b.ready_ms;
}

} // namespace

void reply_load::expect(const plan& one) {
  if (!one.counts())
    return;
  if (open_.size() < most && beyond_ == 0) { // else behind those
    open_.insert(std::upper_bound(open_.begin(), open_.end(), one, earlier),
                 one);
  } else {
    ++beyond_;
    beyond_ms_ += one.carry_ms;
  }
  reckon();
}

bool reply_load::remove(const plan& one) {
  if (!one.counts())
    return false;
  const auto [first, last]
    = std::equal_range(open_.begin(), open_.end(), one, earlier);
  const auto found = std::find_if(first, last, [&](const plan& other) {
    return other.carry_ms == one.carry_ms;
  });
  if (found != last)
    open_.erase(found);
  else if (beyond_ > 0) {
    --beyond_;
    beyond_ms_ = beyond_ == 0 ? 0 : std::max(0.0, beyond_ms_ - one.carry_ms);
  }
  return true;
}

/// Those that are late may come any time, and count as ready.
void reply_load::reckon() noexcept {
  free_ms_ = over_ms_;
  ahead_ms_ = beyond_ms_;
  for (const auto& one : open_) {
    free_ms_ = std::max(free_ms_, one.ready_ms) + one.carry_ms;
    ahead_ms_ += one.carry_ms;
  }
  free_ms_ += beyond_ms_;
}

double reply_load::came(const plan& one, double way_ms, double now_ms) {
  constexpr double slower = 4; // than believed, at most, when it is a wait
  const double ready = now_ms - std::max(0.0, way_ms);
  double waited = 0;
  if (ready < over_ms_)
    waited = std::min(over_ms_ - ready, slower * run_ms_);
  if (remove(one)) {
    run_ms_ = (ready < over_ms_ ? run_ms_ : 0) + one.carry_ms;
    over_ms_ = std::max(over_ms_, now_ms);
    reckon();
  }
  return std::min(waited, std::max(0.0, way_ms));
}

void reply_load::gone(const plan& one) {
  if (remove(one))
    reckon();
}

} // namespace faas::routing
