#include "tools/faas-sim/comparison.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace faas::sim {
namespace {

using json = nlohmann::ordered_json;

json of(const figures& one) {
  return {{"events", one.events},
          {"mean_ms", one.mean_ms},
          {"p50_ms", one.p50_ms},
          {"p95_ms", one.p95_ms},
          {"p99_ms", one.p99_ms},
          {"regret_ms", one.regret_ms},
          {"regret_share", one.regret_share},
          {"near_best", one.near_best},
          {"coverage", one.coverage},
          {"shares", one.shares},
          {"again", one.again},
          {"explored", one.explored},
          {"twice", one.twice},
          {"wasted", one.wasted},
          {"promised_ms", one.promised_ms},
          {"kept", one.kept},
          {"in_time", one.in_time},
          {"late", one.late},
          {"dropped", one.dropped},
          {"refused", one.refused},
          {"lighter", one.lighter},
          {"goodput", one.goodput},
          {"price", one.price},
          {"joule", one.joule}};
}

json of(const contender& one, const scenario& world) {
  json runs = json::array();
  for (size_t i = 0; i < one.runs.size(); ++i) {
    auto run = of(one.runs[i]);
    for (size_t k = 0; k < world.functions.size(); ++k)
      run["functions"][world.functions[k].name] = of(one.by_function[i][k]);
    run["steps"] = json::array();
    for (const auto& step : one.steps[i])
      run["steps"].push_back({{"at_ms", step.at_ms},
                              {"after_ms", step.after_ms},
                              {"transient_ms", step.transient_ms}});
    runs.push_back(std::move(run));
  }
  json windows = {{"latency_ms", json::array()},
                  {"regret_ms", json::array()},
                  {"events", json::array()},
                  {"shares", json::array()}};
  for (const auto& window : one.windows) {
    windows["latency_ms"].push_back(window.latency_ms);
    windows["regret_ms"].push_back(window.regret_ms);
    windows["events"].push_back(window.events);
    windows["shares"].push_back(window.shares);
  }
  return {{"policy", one.name},
          {"runs", std::move(runs)},
          {"windows", std::move(windows)}};
}

} // namespace

void print_json(std::ostream& out, const scenario& world,
                const comparison& what, const std::vector<contender>& all) {
  json sites = json::array();
  for (const auto& site : world.sites)
    sites.push_back(site.name);
  json made = {{"scenario", world.name},
               {"length_ms", world.length_ms},
               {"warm_up_ms", world.warm_up_ms},
               {"window_ms", what.window_ms},
               {"first_seed", what.first_seed},
               {"seeds", what.seeds},
               {"sites", sites},
               {"changes_ms", change_times(world)},
               {"policies", json::array()}};
  for (const auto& one : all)
    made["policies"].push_back(of(one, world));
  out << made.dump() << '\n';
}

} // namespace faas::sim
