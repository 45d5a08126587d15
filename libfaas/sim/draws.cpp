#include "libfaas/sim/draws.hpp"

#include "libfaas/sim/event_stream.hpp"

#include <algorithm>

namespace faas::sim {
namespace {

schedule stretched(const schedule& from, double factor) {
  auto steps = from.steps();
  for (auto& one : steps)
    one.from *= factor;
  return schedule{std::move(steps), from.period() * factor};
}

} // namespace

std::vector<draw> draw_events(const scenario& world, uint64_t seed) {
  std::vector<draw> all;
  for (size_t i = 0; i < world.events.size(); ++i) {
    const auto& about = world.events[i];
    event_stream stream{about, world.functions[about.function],
                        stream_seed(seed, i)};
    for (auto now = stream.next(); now < world.length_ms; now = stream.next())
      all.push_back(stream.make(now));
  }
  std::stable_sort(all.begin(), all.end(), [](const draw& a, const draw& b) {
    return a.sent < b.sent;
  });
  return all;
}

scenario in_time(scenario world, double length_ms) {
  const auto factor = length_ms / world.length_ms;
  world.length_ms = length_ms;
  world.warm_up_ms *= factor;
  for (auto& site : world.sites) {
    site.disturbance = stretched(site.disturbance, factor);
    site.link.rtt_factor = stretched(site.link.rtt_factor, factor);
    site.link.ms_per_byte_factor
      = stretched(site.link.ms_per_byte_factor, factor);
    for (auto& gone : site.absent) {
      gone.from *= factor;
      gone.until *= factor;
      gone.deploy_ms *= factor;
    }
  }
  return world;
}

} // namespace faas::sim
