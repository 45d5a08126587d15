#include "tools/faas-sim/telling.hpp"

#include "libfaas/sim/draws.hpp"
#include "libfaas/sim/world.hpp"
#include "tools/faas-sim/comparison.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <ostream>

namespace faas::sim {
namespace {

using nlohmann::json;

json steps_of(const schedule& from, bool inverse = false) {
  auto all = json::array();
  for (const auto& one : from.steps())
    all.push_back({one.from, inverse ? 1 / one.factor : one.factor});
  return all;
}

/// Null where events are served one by one.
json batch_json(const site_law& law) {
  if (!law.batch)
    return nullptr;
  json made{{"max", law.batch->most}, {"window_ms", law.batch->window_ms}};
  if (law.batch->base_ms)
    made["base_ms"] = *law.batch->base_ms;
  if (law.batch->item_ms)
    made["item_ms"] = *law.batch->item_ms;
  return made;
}

/// `until_ms` is null for a site that does not come back.
json absences_json(const std::vector<absence>& times) {
  auto all = json::array();
  for (const auto& one : times)
    all.push_back(
      {{"from_ms", one.from},
       {"until_ms", std::isfinite(one.until) ? json(one.until) : json()},
       {"crash", one.crash},
       {"deploy_ms", one.deploy_ms}});
  return all;
}

/// 0: without limit.
double mbit_of(double ms_per_byte) noexcept {
  return ms_per_byte > 0 ? 8 / (ms_per_byte * 1000) : 0;
}

json site_json(const site_law& law) {
  const auto& link = law.link;
  return {{"name", law.name},
          {"tier", law.tier},
          {"servers", law.servers},
          {"slowdown", law.slowdown},
          {"rtt_ms", link.rtt_ms},
          {"jitter_ms", link.jitter_ms},
          {"loss", link.loss},
          {"absent", absences_json(law.absent)},
          {"mbit", mbit_of(link.ms_per_byte)},
          {"mbit_back", mbit_of(link.back_ms_per_byte)},
          {"cold_ms", law.cold.load_ms},
          {"keep_ms", law.cold.keep_ms},
          {"memory_bytes", law.memory_bytes},
          {"batch", batch_json(law)},
          {"steps",
           {{"slowdown", steps_of(law.disturbance)},
            {"rtt", steps_of(link.rtt_factor)},
            {"bandwidth", steps_of(link.ms_per_byte_factor, true)}}},
          {"period_ms", law.disturbance.period()}};
}

json function_json(const function_law& law) {
  json made{{"name", law.name},
            {"mean_size", law.size.mean()},
            {"ms_per_unit", law.ms_per_unit},
            {"ms_fixed", law.ms_fixed},
            {"told", law.told},
            {"bytes_per_unit", law.bytes_per_unit},
            {"reply_bytes_per_unit", law.reply_bytes_per_unit},
            {"noise", law.noise},
            {"memoryless", law.memoryless},
            {"outlier_share", law.outlier_share},
            {"outlier_factor", law.outlier_factor},
            {"memory_bytes", law.memory_bytes},
            {"deadline_ms", law.deadline_ms.mean()},
            {"lighter", law.lighter}};
  if (law.cold_ms)
    made["cold_ms"] = *law.cold_ms;
  return made;
}

} // namespace

void print_scenario(std::ostream& out, const scenario& world) {
  json made{{"name", world.name},
            {"length_ms", world.length_ms},
            {"warm_up_ms", world.warm_up_ms},
            {"gateways", world.gateways},
            {"background", std::any_of(world.events.begin(), world.events.end(),
                                       [](const traffic& of) {
                                         return of.only != traffic::any;
                                       })},
            {"sites", json::array()},
            {"functions", json::array()}};
  for (const auto& law : world.sites)
    made["sites"].push_back(site_json(law));
  for (const auto& law : world.functions)
    made["functions"].push_back(function_json(law));
  out << made.dump(1) << '\n';
}

void print_events(std::ostream& out, const scenario& world, uint64_t seed) {
  out << "at_ms,function,gateway,size,bytes,reply_bytes,work_ms\n"
      << std::setprecision(9);
  for (const auto& one : draw_events(world, seed))
    out << one.sent << ',' << world.functions[one.function].name << ','
        << one.gateway << ',' << one.size << ','
        << static_cast<uint64_t>(one.bytes.up) << ','
        << static_cast<uint64_t>(one.bytes.down) << ',' << one.work << '\n';
}

result<void> print_run(std::ostream& out, const scenario& world, uint64_t seed,
                       const std::string& policy) {
  auto how = options_for(policy, world);
  if (!how)
    return how.error();
  how->use_seed(seed);
  auto all = run(world, *how);
  if (auto good = how->check(); !good)
    return good;
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.sent < b.sent;
  });
  out << "at_ms,latency_ms,site,queue_ms,service_ms,cold_ms,regret_ms\n"
      << std::setprecision(9);
  for (const auto& one : all)
    out << one.sent << ',' << one.latency_ms << ','
        << (one.refused ? "" : world.sites[one.site].name) << ','
        << one.queue_ms << ',' << one.service_ms << ',' << one.cold_ms << ','
        << one.regret_ms << '\n';
  return {};
}

} // namespace faas::sim
