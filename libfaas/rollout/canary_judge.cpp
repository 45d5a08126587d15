#include "libfaas/rollout/canary_judge.hpp"

namespace faas::rollout {
namespace {

/// The old version's own rates are known with this many standard errors to
/// spare.
constexpr double sigmas = 2.5;

double at_most(double rate, double size) noexcept {
  const double shrunk = (rate * size + 1) / (size + 2);
  return rate + sigmas * std::sqrt(shrunk * (1 - shrunk) / size);
}

double inside(double bound) noexcept {
  return std::clamp(bound, 0.001, 0.999);
}

} // namespace

void canary_judge::add(uint32_t site, arm ran, bool failed,
                       double latency_ms) {
  auto& old = sites_[site];
  if (ran == arm::old_version) {
    old.add(failed, latency_ms);
    return;
  }
  if (!old.ready())
    return;
  const double errors = at_most(old.error_rate(), old.size());
  const double failure = failed ? 1 : 0;
  errors_.add(failure, inside(errors + config_.error_margin));
  no_errors_.add(1 - failure, inside(1 - errors - config_.bad_error_margin));
  if (failed)
    return; // its latency says nothing
  const double slow = at_most(baseline::slow_share, old.size());
  const double late = latency_ms > old.slow_ms() + config_.slow_floor_ms ? 1 : 0;
  slowness_.add(late, inside(slow + config_.slow_margin));
  not_slow_.add(1 - late, inside(1 - slow - config_.bad_slow_margin));
}

verdict canary_judge::judge() const noexcept {
  if (errors_.exceeds(config_.false_rollback))
    return verdict::too_many_errors;
  if (slowness_.exceeds(config_.false_rollback))
    return verdict::too_slow;
  const bool good = no_errors_.exceeds(config_.false_pass)
                    && not_slow_.exceeds(config_.false_pass);
  return good ? verdict::pass : verdict::wait;
}

void canary_judge::next_step() noexcept {
  no_errors_ = not_slow_ = e_process{};
}

} // namespace faas::rollout
