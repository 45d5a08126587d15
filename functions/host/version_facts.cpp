// What a version_host tells people of its instances and memory.
#include "functions/host/version_host.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace faas::host {

using namespace std::chrono_literals;

namespace {

/// What `describe` shows is at most this old.
constexpr duration tell_every = 10s;

bool differs(const memory_use& now, const memory_use& told) noexcept {
  const auto more = std::max(now.bytes, told.bytes);
  const auto less = std::min(now.bytes, told.bytes);
  return now.processes != told.processes || more - less > told.bytes / 8;
}

/// To two digits, so that it is told anew only when it has changed.
std::string rounded_ms(duration d) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2g", to_ms(d));
  std::snprintf(text, sizeof text, "%g", std::strtod(text, nullptr));
  return text;
}

} // namespace

void version_host::tell_changed(time_point now) {
  if (!events_.changed)
    return;
  weigh(now);
  {
    const std::lock_guard lock{mutex_};
    now = std::max(now, memory_.told_at);
    if (now - memory_.told_at < tell_every && now >= memory_.tell_soon)
      return;
    string_map fresh;
    add_scaling_facts(fresh);
    memory_.told_at = now;
    if (fresh == memory_.told)
      return;
    memory_.told = std::move(fresh);
  }
  events_.changed();
}

void version_host::weigh(time_point now) {
  const auto have = instances();
  std::vector<pid_t> pids;
  {
    const std::lock_guard lock{mutex_};
    now = std::max(now, memory_.weighed_at);
    if (!isolated_ || (now - memory_.weighed_at < tell_every
                       && have == memory_.weighed))
      return;
    memory_.weighed_at = now;
    memory_.weighed = have;
    const auto said = module_ ? module_->facts() : string_map{};
    for (const auto* key : {"workers", "pid"})
      if (const auto found = said.find(key); found != said.end())
        for (const auto pid : pids_in(found->second))
          pids.push_back(pid);
  }
  const auto use = memory_of(pids);
  const std::lock_guard lock{mutex_};
  if (differs(use, memory_.use))
    memory_.use = use;
}

void version_host::add_scaling_facts(string_map& to) const {
  const auto& limits = scaler_->limits();
  const auto& plan = scaler_->plan();
  const auto seconds = [](duration d) {
    return std::to_string(std::chrono::round<std::chrono::seconds>(d).count())
           + " s";
  };
  to["instances"] = std::to_string(instances()) + " (" +
                    std::to_string(limits.least) + " to "
                    + std::to_string(limits.most) + ")";
  const auto started = [&](start_kind how) {
    return std::to_string(starts_[static_cast<size_t>(how)].load());
  };
  to["starts"] = started(start_kind::cold) + " cold, "
                 + started(start_kind::pool) + " from the pool";
  if (const auto& use = memory_.use; use.processes > 0) {
    to["memory_bytes"] = std::to_string(use.bytes);
    to["memory_kind"] = use.proportional ? "proportional" : "resident";
  }
  if (away_.load()) {
    to.erase("memory_bytes");
    to.erase("memory_kind");
  }
  if (!limits.to_zero)
    return;
  std::string text = "out after " + seconds(plan.unload) + " idle";
  if (plan.load != duration::max())
    text += ", back from " + seconds(plan.load) + " to "
            + seconds(plan.unload_again);
  if (plan.learned)
    text += " (learned)";
  to["keep"] = text + (scaler_->held() ? "; held by the controller" : "");
  if (memory_.load_time > duration::zero())
    to["load_ms"] = rounded_ms(memory_.load_time);
  to["in_memory"] = memory_.failure ? "no: " + memory_.failure->message
                    : away_.load()  ? "no"
                                    : "yes";
  to["loads"] = std::to_string(memory_.loads) + " back, "
                + std::to_string(memory_.failed_loads) + " failed";
}

} // namespace faas::host
