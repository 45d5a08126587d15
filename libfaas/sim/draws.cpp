#include "libfaas/sim/draws.hpp"

#include <algorithm>
#include <cmath>

namespace faas::sim {
namespace {

draw drawn(const scenario& world, const traffic& about, double now,
           random_source& random) {
  const auto& law = world.functions[about.function];
  draw made;
  made.sent = now;
  made.function = about.function;
  made.gateway = about.gateway;
  made.size = law.size.draw(random);
  const double work = law.ms_per_unit * made.size + law.ms_fixed;
  const bool outlier = random.uniform() < law.outlier_share;
  made.work = work * std::exp(law.noise * random.normal())
              * (outlier ? law.outlier_factor : 1);
  made.mean_work = work * std::exp(law.noise * law.noise / 2)
                   * (1 + law.outlier_share * (law.outlier_factor - 1));
  made.up_jitter = -std::log(1 - random.uniform());
  made.down_jitter = -std::log(1 - random.uniform());
  made.bytes = made.size * law.bytes_per_unit;
  return made;
}

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
    const auto source = about.source();
    random_source random{seed * 1000003 + i}; // as in world.cpp
    for (auto now = source->next(random); now < world.length_ms;
         now = source->next(random))
      all.push_back(drawn(world, about, now, random));
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
  }
  return world;
}

} // namespace faas::sim
