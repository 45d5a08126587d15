// A predictor's actor with two sites and all that it is connected to.
#pragma once

#include "actors/predictor/predictor_actor.hpp"
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>
#include <atomic>
#include <cmath>
#include <thread>

namespace faas::test {

using namespace faas::actors;
using namespace std::chrono_literals;

inline const function_name f{"f"};
inline const site_name here{"edge-1/cpu"}, there{"cloud-1/cpu"};

/// A file in memory.
struct kept_text final : replica_store {
  result<std::optional<std::string>> load() override { return text; }
  result<void> save(std::string_view bytes) override {
    ++tries;
    if (full)
      return error{errc::storage_full, "no room"};
    text = std::string{bytes};
    return {};
  }
  std::optional<std::string> text;
  std::atomic<bool> full = false;
  std::atomic<int> tries = 0;
};

struct predictor_rig : actor_fixture {
  predictor_rig() {
    actor = start("edge-1", board);
    cloud->name = node_name{"cloud-1"};
    cloud->boot = boot_id{"first"};
  }
  ~predictor_rig() { stop(actor); }

  predictor_actor start(const std::string& node, routing_board& of,
                        replica_store* experience = nullptr) {
    predictor_actor_config config;
    config.node = node_name{node};
    config.board = &of;
    config.ports = &ports;
    config.stats = &stats;
    config.counters = &counters;
    config.clock = &clock;
    config.probe = false;
    config.experience = experience;
    config.log = [this](std::string line) { told.push_back(std::move(line)); };
    return spawn_predictor(system, config);
  }

  /// Version of "f" at both sites, with trial runs of so many ms per unit.
  structure::function version(uint32_t number, uint8_t code,
                              double ms_per_unit) const {
    structure::function made;
    made.version = {f, number};
    made.bundle.bytes[0] = code;
    for (const auto& site : {here, there}) {
      route_target target;
      target.site = site;
      target.node = node_name{site == here ? "edge-1" : "cloud-1"};
      if (site == there)
        target.via = cloud;
      made.targets.push_back(target);
      made.profiles[site]
        = {{1, ms_per_unit}, {10, 10 * ms_per_unit}, {100, 100 * ms_per_unit}};
    }
    return made;
  }
  void publish(std::vector<structure::function> functions,
               const string_map& labels_there = {}) {
    structure made;
    made.sites = {{here, node_name{"edge-1"}, "edge", 1, nullptr},
                  {there, node_name{"cloud-1"}, "cloud", 1, cloud,
                   labels_there}};
    made.functions = std::move(functions);
    caf::anon_send(actor, make_local(std::move(made)));
    settle();
  }
  static const route* route_of(const routing_board& of, uint32_t number) {
    static thread_local std::shared_ptr<const routing_table> kept;
    kept = of.table();
    const auto found = kept->routes.find("f");
    return found == kept->routes.end() ? nullptr
                                       : route_to(*found->second, number);
  }
  const route_target& target(uint32_t number, const site_name& site) const {
    const auto* of = route_of(board, number);
    BOOST_REQUIRE(of != nullptr);
    for (const auto& one : of->targets)
      if (one.site == site)
        return one;
    BOOST_FAIL("no such target");
    throw std::logic_error{"unreachable"};
  }
  static double service(const routing::estimate& e, double size) {
    return e.factor * (e.slope * size + e.intercept);
  }
  double service(uint32_t number, const site_name& site, double size) const {
    return service(target(number, site).cell->read(), size);
  }
  /// So many events of size 10 took that long at the site.
  void teach(uint32_t number, const site_name& site, double service_ms,
             int events = 200) {
    const auto* of = route_of(board, number);
    loop_report what;
    for (int i = 0; i < events; ++i) {
      routing::observation seen;
      seen.function = of->index;
      seen.site = target(number, site).index;
      seen.size = 10;
      seen.service_ms = service_ms;
      seen.total_ms = service_ms + 1;
      seen.at = clock.now();
      what.ended.push_back(seen);
    }
    caf::anon_send(actor, make_local(std::move(what)));
    settle();
  }

  /// Another predictor in place of the first, with something to keep.
  void learn_on_a_full_disk(kept_text& store) {
    store.full = true;
    stop(actor);
    actor = start("edge-1", board, &store);
    publish({version(1, 1, 10)});
    teach(1, there, 300);
  }

  census counters;
  routing_board board;
  stats_book stats;
  port_book ports;
  std::shared_ptr<fake_peer> cloud = std::make_shared<fake_peer>("cloud-1");
  predictor_actor actor;
  std::vector<std::string> told; ///< by threads that have ended when it is read
};

} // namespace faas::test
