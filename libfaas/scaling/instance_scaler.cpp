#include "libfaas/scaling/instance_scaler.hpp"

#include <algorithm>
#include <cmath>

namespace faas::scaling {
namespace {

using namespace std::chrono_literals;

/// Arrivals are counted over at least so long.
constexpr duration window = 1s;
/// In which the slow rate follows.
constexpr double slow_seconds = 10;

/// A counter never goes back; if it seems to, nothing has come.
uint64_t more(uint64_t now, uint64_t before) noexcept {
  return now > before ? now - before : 0;
}

} // namespace

instance_scaler::instance_scaler(const scale_limits& limits, time_point now)
  : limits_(limits), tuner_(limits.tuning),
    plan_(plan_keep(idle_, limits.keep)), now_(now), active_(now),
    measured_(now) {}

scale_advice instance_scaler::tick(time_point now,
                                   const scale_sample& sample) {
  now_ = std::max(now_, now);
  note_load(now_, sample);
  note_activity(now_, sample);
  measure(now_, sample);
  scale_advice advice;
  advice.in_memory = !limits_.to_zero || held_
                     || (!dismissed_ && plan_.in_memory(now_ - active_));
  advice.instances
    = tuner_.wanted(now_, rate(), service_, std::max(limits_.least, 1u),
                    limits_.most);
  return advice;
}

void instance_scaler::rescale(time_point now, const scale_sample& sample,
                              const scale_limits& limits, bool leave) {
  now_ = std::max(now_, now);
  note_load(now_, sample);
  note_activity(now_, sample);
  limits_ = limits;
  plan_anew();
  dismissed_ = leave;
}

void instance_scaler::note_load(time_point now,
                                const scale_sample& sample) noexcept {
  // A prewarm that has begun is not put off because it took less than it might
  // have: it would leave, and load again. The next event makes another plan.
  if (loads_.note(sample.loads, sample.load) && now - active_ < plan_.load)
    plan_anew();
}

void instance_scaler::plan_anew() noexcept {
  plan_ = plan_keep(idle_, limits_.keep, loads_.usual(), loads_.spare());
}

void instance_scaler::note_activity(time_point now,
                                    const scale_sample& sample) noexcept {
  if (sample.arrived == arrived_ && sample.busy == 0)
    return;
  if (sample.arrived != arrived_)
    dismissed_ = false;
  // The time from deployment to the first event says nothing of its rhythm.
  const bool first = arrived_ == 0;
  arrived_ = sample.arrived;
  const duration idle = now - active_;
  if (!first && idle >= idle_histogram::least) {
    idle_.add(idle);
    if (plan_.load == duration::max() && plan_.in_memory(idle))
      loads_.not_loaded();
    plan_anew();
  }
  active_ = now;
}

void instance_scaler::measure(time_point now,
                              const scale_sample& sample) noexcept {
  const duration passed = now - measured_;
  if (passed < window)
    return;
  const auto seconds = std::chrono::duration<double>(passed).count();
  fast_ = static_cast<double>(more(sample.arrived, last_.arrived)) / seconds;
  slow_ += (fast_ - slow_) * (1 - std::exp(-seconds / slow_seconds));
  if (const auto served = more(sample.served, last_.served);
      served > 0 && sample.service >= last_.service) {
    const auto mean = (sample.service - last_.service)
                      / static_cast<int64_t>(served);
    // Many say more than one; the first ones say all that is known.
    const auto share = service_.count() == 0
                         ? 1.0
                         : std::min(1.0, static_cast<double>(served) / 20);
    service_ += duration{static_cast<int64_t>(
      static_cast<double>((mean - service_).count()) * share)};
  }
  last_ = sample;
  measured_ = now;
}

} // namespace faas::scaling
