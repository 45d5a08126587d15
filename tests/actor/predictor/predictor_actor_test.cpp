// The predictor's actor: what it makes of structures and reports.
#include "actors/predictor/predictor_actor.hpp"
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>
#include <atomic>
#include <cmath>
#include <thread>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

const function_name f{"f"};
const site_name here{"edge-1/cpu"}, there{"cloud-1/cpu"};

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

struct predictor_world : actor_fixture {
  predictor_world() {
    actor = start("edge-1", board);
    cloud->name = node_name{"cloud-1"};
    cloud->boot = boot_id{"first"};
  }
  ~predictor_world() { stop(actor); }

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

} // namespace

BOOST_FIXTURE_TEST_SUITE(predictor_actor_test, predictor_world)

BOOST_AUTO_TEST_CASE(a_trial_run_is_what_a_new_function_begins_with) {
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 100, 10);
  BOOST_CHECK_CLOSE(service(1, there, 100), 1000, 10);
}

BOOST_AUTO_TEST_CASE(a_trial_run_is_used_once) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
}

/// Only the manifest's routing changed: the trial run of the new version is of
/// the same code, and less than what events have told.
BOOST_AUTO_TEST_CASE(the_same_work_keeps_what_was_learned) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  auto next = version(2, 1, 10);
  next.spec.petrel.policy = "round-robin";
  publish({next});
  BOOST_CHECK_CLOSE(service(2, there, 10), 300, 5);
}

BOOST_AUTO_TEST_CASE(other_code_is_judged_by_its_own_trial_run) {
  publish({version(1, 1, 10)});
  const auto before = service(1, there, 10);
  auto second = version(2, 2, 40);
  second.profiles[here] = {{50, 85}}; // one sample event
  publish({second});
  BOOST_CHECK_CLOSE(service(2, there, 10), 4 * before, 10);
  BOOST_CHECK_CLOSE(service(2, here, 50), 85, 1);
}

/// Both versions run; the one that goes leaves what it has learned at a site
/// that the other one has not been to.
BOOST_AUTO_TEST_CASE(a_version_that_goes_bequeaths_what_it_learned) {
  auto first = version(1, 1, 10), second = version(2, 1, 10);
  second.spec.petrel.policy = "round-robin";
  const auto both = second.targets;
  second.targets.pop_back(); // only here
  second.in_service = false;
  publish({first, second});
  teach(1, there, 300);
  second.in_service = true;
  second.targets = both;
  publish({second});
  BOOST_CHECK_CLOSE(service(2, there, 10), 300, 5);
}

BOOST_AUTO_TEST_CASE(what_a_site_says_of_loading_is_heeded) {
  auto made = version(1, 1, 10);
  made.loads[there] = {800, true, {}};
  publish({made});
  const auto now_ms = to_ms(clock.now().time_since_epoch());
  auto belief = target(1, there).cell->read();
  BOOST_TEST(belief.warm_until_ms < now_ms);
  BOOST_TEST(belief.cold_charge_ms > 100);
  made.loads[there].away = false;
  publish({made});
  BOOST_TEST(target(1, there).cell->read().warm_until_ms > now_ms);
}

BOOST_AUTO_TEST_CASE(a_node_that_was_gone_is_doubted) {
  publish({version(1, 1, 10)});
  teach(1, there, 100);
  const auto sure = target(1, there).cell->read().log_var;
  cloud->usable = false;
  advance(200ms);
  cloud->usable = true;
  advance(200ms);
  BOOST_TEST(target(1, there).cell->read().log_var > 10 * sure);
}

/// What a link that ends and one that begins make of the structure.
BOOST_AUTO_TEST_CASE(a_node_that_was_in_no_structure_is_doubted) {
  publish({version(1, 1, 10)});
  teach(1, there, 100);
  const auto sure = target(1, there).cell->read().log_var;
  const auto of_here = target(1, here).cell->read().log_var;
  const auto back = std::exchange(cloud, nullptr);
  auto alone = version(1, 1, 10);
  alone.targets.pop_back();
  publish({alone});
  cloud = back;
  publish({version(1, 1, 10)}); // no tick in between
  const auto doubted = target(1, there).cell->read().log_var;
  BOOST_TEST(doubted > 10 * sure);
  BOOST_TEST(target(1, here).cell->read().log_var == of_here);
  publish({version(1, 1, 10)});
  BOOST_TEST(target(1, there).cell->read().log_var == doubted); // once
}

BOOST_AUTO_TEST_CASE(a_node_that_was_started_anew_is_doubted) {
  publish({version(1, 1, 10)});
  teach(1, there, 100);
  const auto sure = target(1, there).cell->read().log_var;
  // Another link to the same process: nothing is new.
  const auto same = std::make_shared<fake_peer>("cloud-1");
  same->boot = cloud->boot;
  cloud = same;
  publish({version(1, 1, 10)});
  BOOST_TEST(target(1, there).cell->read().log_var == sure);
  cloud = std::make_shared<fake_peer>("cloud-1");
  cloud->boot = boot_id{"second"};
  publish({version(1, 1, 10)});
  BOOST_TEST(target(1, there).cell->read().log_var > 10 * sure);
}

BOOST_AUTO_TEST_CASE(another_router_begins_with_what_this_one_knows) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  std::string text;
  caf::anon_send(actor, make_local(estimates_wanted{
                          [&](std::string told) { text = std::move(told); }}));
  settle();
  BOOST_REQUIRE(!text.empty());
  stop(actor);
  actor = start("edge-1", board);
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 100, 10);
  caf::anon_send(actor,
                 make_local(estimates_arrived{node_name{"cloud-1"}, text}));
  settle();
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
  caf::anon_send(actor, make_local(estimates_arrived{node_name{"cloud-1"},
                                                     "no estimates"}));
  settle();
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
}

BOOST_AUTO_TEST_CASE(routes_know_needs_and_what_nodes_say) {
  auto one = version(1, 1, 2);
  one.spec.petrel.needs.labels = {{"site", "north"}};
  one.targets[1].batches.terms = {8, 3}; // it joins events
  publish({one}, {{"site", "north"}});
  const auto* of = route_of(board, 1);
  BOOST_REQUIRE(of != nullptr);
  BOOST_TEST((of->needs == one.spec.petrel.needs));
  BOOST_TEST(actors::allows(of->needs, target(1, there)));
  BOOST_TEST(!actors::allows(of->needs, target(1, here)));
  BOOST_TEST((target(1, here).joins() == nullptr));
  const auto& joins = target(1, there);
  BOOST_TEST((joins.batches.open == &joins.load->open()));
  publish({one}, {{"site", "south"}}); // it has come back as another one
  BOOST_TEST(!actors::allows(one.spec.petrel.needs, target(1, there)));
}

BOOST_AUTO_TEST_CASE(a_version_with_needs_keeps_its_share_without_a_site) {
  const auto share = [&](bool confined) {
    auto other = version(2, 2, 2);
    other.in_service = false;
    other.weight = 30;
    other.targets.clear();
    if (confined)
      other.spec.petrel.needs.tiers = {"edge"};
    publish({version(1, 1, 2), other});
    return route_of(board, 2)->weight;
  };
  BOOST_TEST(share(false) == 0u); // all of its events are version 1's
  BOOST_TEST(share(true) == 30u); // they are not
}

BOOST_AUTO_TEST_CASE(a_function_that_is_gone_has_no_route) {
  publish({version(1, 1, 10)});
  publish({});
  BOOST_TEST(board.table()->routes.empty());
  std::optional<error> why;
  caf::anon_send(
    actor, make_local(sites_call{
             f, 1, once<std::vector<site_status>>{
                     [&](result<std::vector<site_status>> all) {
                       BOOST_REQUIRE(!all);
                       why = all.error();
                     }}}));
  settle();
  BOOST_REQUIRE(why);
  BOOST_TEST((why->code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(what_was_learned_is_kept_over_a_restart) {
  kept_text store;
  const auto restart = [&] {
    stop(actor);
    actor = start("edge-1", board, &store);
    auto plain = version(1, 1, 10);
    plain.profiles.clear();
    publish({plain});
  };
  restart();
  BOOST_TEST(service(1, there, 10) < 100);
  teach(1, there, 300);
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
  // In doubt, as of a peer: a few events say what is so now.
  teach(1, there, 50, 10);
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  // Also what had no event meanwhile, and what is not deployed.
  teach(1, here, 30, 10);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  stop(actor);
  actor = start("edge-1", board, &store);
  publish({version(2, 2, 10)});
  teach(2, here, 30, 10);
  restart();
  BOOST_CHECK_CLOSE(service(1, there, 10), 50, 30);
  stop(actor);
  BOOST_TEST(told.empty());
  actor = start("edge-1", board);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_learned_anew) {
  kept_text store;
  store.text = "[1, 2";
  stop(actor);
  actor = start("edge-1", board, &store);
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 100, 10);
  teach(1, there, 300);
  stop(actor);
  BOOST_TEST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].find("learned anew") != std::string::npos);
  BOOST_TEST(store.text->find("cloud-1/cpu") != std::string::npos);
  actor = start("edge-1", board);
}

/// It said no format.
BOOST_AUTO_TEST_CASE(what_an_older_release_kept_is_learned_anew) {
  kept_text store;
  store.text = R"({"sites":[["cloud-1/cpu",1]],"pairs":[]})";
  stop(actor);
  actor = start("edge-1", board, &store);
  stop(actor);
  BOOST_TEST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].find("older release") != std::string::npos);
  BOOST_TEST(told[0].find("learned anew") != std::string::npos);
  actor = start("edge-1", board);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_told_once_and_harms_nobody) {
  kept_text store;
  learn_on_a_full_disk(store);
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 5);
  stop(actor);
  BOOST_TEST_REQUIRE(told.size() == 1u);
  BOOST_TEST(told[0].find("no room") != std::string::npos);
  actor = start("edge-1", board);
}

/// The way back for a site that was slow and gets no events any more.
BOOST_AUTO_TEST_CASE(a_silent_site_is_asked_for_its_cpu) {
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  const auto tick = [&](duration later) {
    advance(later); // its own ticks come each 100 ms
    return cloud->asked_cpu;
  };
  const auto tell = [&](double slowdown) {
    caf::anon_send(actor,
                   make_local(cpu_told{node_name{"cloud-1"}, slowdown}));
    settle();
  };
  BOOST_TEST(tick(400ms) == 0); // its events have told just now
  BOOST_TEST(tick(100ms) == 1);
  tell(3);
  BOOST_TEST(tick(400ms) == 1); // not so soon again
  BOOST_TEST(tick(100ms) == 2);
  const auto before = service(1, there, 10);
  tell(1);
  tell(1); // nobody has asked again
  BOOST_TEST(counters.peer_probes == 2u);
  for (int asked = 3; asked < 6; ++asked) {
    BOOST_TEST(tick(500ms) == asked);
    tell(1);
  }
  // About half of the change is the site's: the probe may have been off, too.
  BOOST_TEST(service(1, there, 10) < 0.6 * before);
  BOOST_TEST(counters.peer_probes == 5u);
  cloud->usable = false;
  BOOST_TEST(tick(1s) == 5);
  cloud->usable = true;
  BOOST_TEST(tick(100ms) == 6);
  const auto last = tick(30s);
  BOOST_TEST(last > 6);
  BOOST_TEST(tick(10s) == last); // no events any more
}

BOOST_AUTO_TEST_CASE(what_is_not_compared_is_not_asked) {
  auto fixed = version(1, 1, 10);
  fixed.spec.petrel.policy = "round-robin";
  publish({fixed});
  teach(1, here, 100);
  advance(1s);
  BOOST_TEST(cloud->asked_cpu == 0);
}

BOOST_AUTO_TEST_CASE(absurd_speeds_are_not_believed) {
  publish({version(1, 1, 10)});
  teach(1, here, 100);
  const auto before = service(1, there, 10);
  for (const double slowdown : {0.0, -1.0, 1e300, 1e-300, std::nan("")}) {
    const auto asked = cloud->asked_cpu;
    advance(500ms);
    BOOST_TEST_REQUIRE(cloud->asked_cpu > asked);
    caf::anon_send(actor,
                   make_local(cpu_told{node_name{"cloud-1"}, slowdown}));
    settle();
  }
  caf::anon_send(actor, make_local(cpu_told{node_name{"nobody"}, 2.0}));
  settle();
  BOOST_TEST(service(1, there, 10) == before);
  BOOST_TEST(counters.peer_probes == 0u);
}

/// Sites that are not ready yet have no part in the first structure.
BOOST_AUTO_TEST_CASE(a_trial_run_does_not_replace_what_was_kept) {
  kept_text store;
  const auto restart = [&] {
    stop(actor);
    actor = start("edge-1", board, &store);
  };
  restart();
  publish({version(1, 1, 10)});
  teach(1, there, 300);
  restart();
  auto not_ready = version(1, 1, 10);
  not_ready.targets.clear();
  not_ready.profiles.clear();
  publish({not_ready});
  publish({version(1, 1, 10)});
  BOOST_CHECK_CLOSE(service(1, there, 10), 300, 10);
}

BOOST_AUTO_TEST_CASE(what_could_not_be_saved_is_saved_at_the_end) {
  kept_text store;
  learn_on_a_full_disk(store);
  advance(61s);
  const auto tried = [&] { return store.tries.load() > 0; };
  const auto patience = std::chrono::steady_clock::now() + 30s;
  while (!tried() && std::chrono::steady_clock::now() < patience)
    std::this_thread::yield();
  BOOST_REQUIRE(tried());
  store.full = false;
  stop(actor);
  BOOST_TEST(store.text.has_value());
  actor = start("edge-1", board);
}

BOOST_AUTO_TEST_SUITE_END()
