#include "actors/control/rollout_courses.hpp"

#include "libfaas/rollout/sample.hpp"

namespace faas::actors {
namespace {

using rollout::phase;
using rollout::verdict;

rollout::rollout_spec spec_of(const rollout_plan& plan) {
  rollout::rollout_spec spec;
  for (const auto step : plan.steps)
    spec.shares.push_back(step / 100.0);
  spec.least_step = plan.least;
  return spec;
}

rollout::judge_config judging() {
  rollout::judge_config config;
  config.slow_floor_ms = 1;
  return config;
}

std::string reason_of(verdict found, const rollout_record& record,
                      double compared) {
  return std::string{found == verdict::too_slow ? "too slow"
                                                : "too many errors"}
         + " beside version " + std::to_string(record.from)
         + " at the same sites, by "
         + std::to_string(static_cast<uint64_t>(compared))
         + " events compared";
}

/// One id per change, so that a repetition after a crash has no second effect.
request_id id_of(const function_name& function, const advance_command& what) {
  return request_id{"rollout/" + function.str() + "/"
                    + std::to_string(what.version) + "/"
                    + std::string{name(what.to)} + "/"
                    + std::to_string(what.step)};
}

} // namespace

void rollout_courses::follow(const function_record& record, time_point now) {
  const auto& fresh = record.traffic.rollout;
  if (!fresh || !fresh->under_way()) {
    forget(record.name);
    return;
  }
  auto found = courses_.find(record.name);
  if (found != courses_.end()
      && found->second.record.version != fresh->version) {
    courses_.erase(found);
    found = courses_.end();
  }
  if (found == courses_.end())
    found = courses_
              .emplace(record.name,
                       course{*fresh,
                              rollout::rollout{spec_of(fresh->plan), judging()},
                              {},
                              {}})
              .first;
  auto& of = found->second;
  of.record = *fresh;
  of.judged.restore(fresh->phase, fresh->step, now);
}

void rollout_courses::forget(const function_name& function) {
  courses_.erase(function);
}

void rollout_courses::add(const wire::version_evidence& seen) {
  const auto found = courses_.find(seen.version.function);
  if (found == courses_.end())
    return;
  auto& of = found->second;
  if (!of.sites.contains(seen.site) && of.sites.size() >= max_sites)
    return;
  const auto site
    = of.sites.emplace(seen.site, static_cast<uint32_t>(of.sites.size()))
        .first->second;
  const auto ran = seen.version.version == of.record.version
                     ? rollout::arm::canary
                     : rollout::arm::old_version;
  for (const auto packed : seen.samples) {
    const auto one = rollout::unpack(packed);
    of.judged.event(site, ran, one.failed, one.latency_ms);
  }
}

std::vector<advance_command>
rollout_courses::due(time_point now, const warm_up_of& warmth) {
  std::vector<advance_command> all;
  for (auto& [function, of] : courses_)
    if (auto command = next(function, of, now,
                            warmth(function, of.record.version))) {
      command->id = id_of(function, *command);
      all.push_back(std::move(*command));
    }
  return all;
}

std::optional<advance_command>
rollout_courses::next(const function_name& function, course& of,
                      time_point now, const warm_up& warmth) const {
  const auto& at = of.record;
  if (warmth.now != warm_up::state::failed)
    of.failing.reset();
  else if (!of.failing)
    of.failing = now;
  if (of.failing && now - *of.failing >= patience)
    return advance_command{{},      function, at.version, phase::rolled_back,
                           at.step, "it cannot start: " + warmth.why};
  if (at.phase == phase::warming) {
    if (warmth.now != warm_up::state::ready)
      return std::nullopt;
    return advance_command{{}, function, at.version, phase::stepping, 0, {}};
  }
  auto looked = of.judged; // the record decides, so this is a trial
  if (!looked.look(now))
    return std::nullopt;
  advance_command command{{},           function,
                          at.version,   looked.now(),
                          static_cast<uint32_t>(looked.step()), {}};
  command.step = std::min<uint32_t>(
    command.step, static_cast<uint32_t>(at.plan.steps.size()) - 1);
  if (looked.now() == phase::rolled_back)
    command.reason = reason_of(looked.why(), at, looked.compared());
  return command;
}

uint64_t rollout_courses::compared(const function_name& function) const {
  const auto found = courses_.find(function);
  return found == courses_.end()
           ? 0
           : static_cast<uint64_t>(found->second.judged.compared());
}

} // namespace faas::actors
