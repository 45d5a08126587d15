// An agent with a fake predictor, keeper and hosts, under fake time.
#pragma once

#include "actors/functions/agent.hpp"
#include "tests/actor/functions/fake_keeper.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/fake_host.hpp"

#include <boost/test/unit_test.hpp>

namespace faas::test {

using namespace faas::actors;
using namespace std::chrono_literals;

inline const node_name me{"n1"};

/// Keeps the structures that the agent makes; publishes them at once, or later.
struct fake_routing {
  std::vector<structure> got;
  bool at_once = true;
  void take(const structure& fresh) {
    got.push_back(fresh);
    if (at_once && fresh.published)
      fresh.published();
  }
};
inline predictor_actor spawn_fake_predictor(caf::actor_system& system,
                                            fake_routing& to) {
  return system.spawn([&to]() -> predictor_actor::behavior_type {
    return {
      [&to](const local<structure>& fresh) { to.take(*fresh); },
      [](const local<loop_report>&) {},
      [](const local<ping_seen>&) {},
      [](const local<probe_seen>&) {},
      [](const local<cpu_wanted>&) {},
      [](const local<cpu_told>&) {},
      [](const local<sites_call>&) {},
      [](const local<estimates_wanted>&) {},
      [](const local<estimates_arrived>&) {},
      [](caf::tick_atom) {},
    };
  });
}

struct agent_world : actor_fixture {
  agent_world() {
    keeper = spawn_fake_keeper(system, script);
    predictor = spawn_fake_predictor(system, routing);
    start(nullptr);
  }
  void start(std::shared_ptr<const cluster_view> last) {
    agent_config config;
    config.node = me;
    config.platform = {"linux", "x86_64", "x86-64-v3"};
    config.hosts = &hosts;
    config.logs = &logs;
    config.counters = &counters;
    config.clock = &clock;
    config.keeper = keeper;
    config.predictor = predictor;
    config.report = [this](local<node_placements> what) { reported = what; };
    config.report_loads = [this](wire::loads all) {
      loads.push_back(std::move(all));
    };
    config.settled = [this](bool now) { settled = now; };
    config.last = std::move(last);
    config.log = [this](std::string line) { log.push_back(std::move(line)); };
    agent = spawn_agent(system, std::move(config));
    settle();
  }
  ~agent_world() {
    stop(agent);
    agent = nullptr;
    BOOST_TEST(functions_alive() == 0u);
    for (const auto& host : hosts.hosts)
      host->end_close();
    stop(keeper);
    stop(predictor);
    keeper = nullptr;
    predictor = nullptr;
  }

  struct wanted {
    std::string name;
    uint32_t version = 1;
    bool here = true;
    std::vector<platform_build> builds = {};
    std::optional<scale_rule> scale = {};
    bool held = false;
  };
  void view(uint64_t number, std::vector<wanted> all,
            const std::string& history = "h", uint64_t term = 0,
            bool known = true) {
    cluster_view made;
    made.at = {history, number};
    made.term = term;
    node_record self;
    self.name = me;
    self.connected = known;
    made.nodes.push_back(self);
    for (const auto& one : all) {
      assigned_version assigned;
      assigned.version = {function_name{one.name}, one.version};
      assigned.spec.name = assigned.version.function;
      assigned.bundle.bytes[0] = content;
      assigned.traffic = true;
      assigned.spec.petrel.platforms = one.builds;
      assigned.scale = one.scale;
      if (one.here)
        assigned.nodes.insert(me);
      if (one.held)
        assigned.held.insert(me);
      made.versions.push_back(std::move(assigned));
    }
    shared = make_local(std::move(made));
    caf::anon_send(agent, shared);
    settle();
  }

  /// Index of its host; which was opened first is left to the scheduler.
  size_t host_of(const std::string& name) const {
    for (size_t i = 0; i < hosts.requests.size(); ++i)
      if (hosts.requests[i].version.function.str() == name)
        return i;
    throw std::runtime_error("no host of " + name);
  }
  uint64_t functions_alive() {
    return counters.of(actor_kind::function).alive.load();
  }
  /// Versions that events can be run by, as the predictor was told last.
  std::set<version_ref> serving() const {
    std::set<version_ref> all;
    if (!routing.got.empty())
      for (const auto& [version, host] : routing.got.back().hosts)
        all.insert(version);
    return all;
  }
  static version_ref ref(const std::string& name, uint32_t version = 1) {
    return {function_name{name}, version};
  }

  census counters;
  log_book logs;
  fake_hosts hosts;
  keeper_script script;
  keeper_actor keeper;
  predictor_actor predictor;
  agent_actor agent;
  fake_routing routing;
  local<node_placements> reported;
  std::optional<bool> settled;
  local<cluster_view> shared; ///< the last view sent
  uint8_t content = 0;        ///< of the bundles
  std::vector<std::string> log;
  std::vector<wire::loads> loads;
};

} // namespace faas::test
