#include "libfaas/rollout/rollout.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace faas::rollout {
namespace {

constexpr std::array<std::string_view, 6> phase_names{
  "warming", "stepping", "paused", "promoted", "rolled-back", "aborted"};

} // namespace

std::string_view name(phase now) noexcept {
  return phase_names[static_cast<size_t>(now)];
}

std::optional<phase> phase_of(std::string_view name) noexcept {
  const auto found = std::find(phase_names.begin(), phase_names.end(), name);
  if (found == phase_names.end())
    return std::nullopt;
  return static_cast<phase>(found - phase_names.begin());
}

rollout::rollout(rollout_spec spec, judge_config config)
  : spec_(std::move(spec)), judge_(config) {}

void rollout::ready(time_point now) {
  if (phase_ != phase::warming)
    return;
  phase_ = spec_.shares.empty() ? phase::promoted : phase::stepping;
  since_ = now;
}

void rollout::cannot_start() {
  if (phase_ == phase::warming)
    phase_ = phase::rolled_back;
}

bool rollout::look(time_point now) {
  if (phase_ != phase::stepping && phase_ != phase::paused)
    return false;
  const auto found = judge_.judge();
  if (found == verdict::too_slow || found == verdict::too_many_errors) {
    phase_ = phase::rolled_back;
    why_ = found;
    return true;
  }
  if (phase_ == phase::paused || found == verdict::wait
      || now - since_ < spec_.least_step)
    return false;
  since_ = now;
  judge_.next_step();
  if (++step_ == spec_.shares.size())
    phase_ = phase::promoted;
  return true;
}

bool rollout::pause() {
  if (phase_ != phase::stepping)
    return false;
  phase_ = phase::paused;
  return true;
}

bool rollout::resume(time_point now) {
  if (phase_ != phase::paused)
    return false;
  phase_ = phase::stepping;
  since_ = now;
  return true;
}

bool rollout::abort() {
  if (ended())
    return false;
  phase_ = phase::aborted;
  return true;
}

void rollout::restore(phase at, size_t step, time_point now) {
  step = std::min(step, spec_.shares.empty() ? 0 : spec_.shares.size() - 1);
  if (step != step_)
    judge_.next_step();
  if (step != step_ || at != phase_)
    since_ = now;
  step_ = step;
  phase_ = at;
}

double rollout::share() const noexcept {
  if (phase_ == phase::promoted)
    return 1;
  if (phase_ == phase::stepping || phase_ == phase::paused)
    return spec_.shares[step_];
  return 0;
}

} // namespace faas::rollout
