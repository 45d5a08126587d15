// What the predictor is told of sites, and of versions that are being brought
// there.
#include "actors/predictor/route_maker.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

constexpr double mib = 1024 * 1024;
const site_name here{"edge-1/cpu"}, there{"cloud-1/cpu"};

struct maker_world {
  /// One version at both sites; they have loaded it in 300 ms.
  static structure::function version(uint32_t number) {
    structure::function made;
    made.version = {function_name{"f"}, number};
    made.bundle.bytes[0] = static_cast<uint8_t>(number);
    for (const auto& site : {here, there}) {
      route_target target;
      target.site = site;
      target.tier = site == here ? "edge" : "cloud";
      target.node = node_name{site == here ? "edge-1" : "cloud-1"};
      made.targets.push_back(target);
    }
    made.loads[here].load_ms = 300;
    return made;
  }
  static void bring(structure::function& of, const deployment_said& said) {
    of.targets[1].deploying = true;
    of.deploying[there] = said;
  }
  void publish(const std::vector<structure::function>& functions) {
    structure fresh;
    fresh.sites = sites;
    fresh.functions = functions;
    table = maker.make(fresh, now);
    core.publish(now);
  }
  double ready_at(uint32_t version) const {
    const auto* of = route_to(*table->routes.at("f"), version);
    BOOST_REQUIRE(of != nullptr);
    return of->targets.at(1).cell->read().ready_at_ms;
  }
  double left(uint32_t version) const {
    return ready_at(version) - to_ms(now.time_since_epoch());
  }

  const route_target& target(const char* function, size_t at) const {
    return table->routes.at(function)->targets.at(at);
  }
  double servers(const char* function, size_t at) {
    core.publish(now);
    return target(function, at).cell->read().servers;
  }
  /// Of two waits alike, the second comes after the first on one server only.
  bool one_at_a_time(const char* function, size_t at) {
    auto& load = *target(function, at).load;
    load.start(10, 0, now);
    load.start(10, 0, now);
    const auto wait = load.free_in_ms(now);
    load.finish(10, 0, now);
    load.finish(10, 0, now);
    return wait > 15;
  }

  time_point now{1h};
  std::vector<structure::site> sites{
    {here, node_name{"edge-1"}, "edge", 1, nullptr},
    {there, node_name{"cloud-1"}, "cloud", 1, nullptr}};
  routing::predictor core;
  route_maker maker{core, node_name{"edge-1"}};
  std::shared_ptr<routing_table> table;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(route_maker_test, maker_world)

BOOST_AUTO_TEST_CASE(what_is_left_of_a_pull_and_a_load_is_expected) {
  auto made = version(1);
  publish({made});
  bring(made, {{mib, 3 * mib, 1000}, std::nullopt});
  publish({made});
  BOOST_TEST(left(1) > 3000 + 150);
  BOOST_TEST(left(1) < 3000 + 600);
  bring(made, {{mib, 3 * mib, 2000}, std::nullopt}); // nothing came
  publish({made});
  BOOST_TEST(left(1) > 6000);
  bring(made, {{}, 100.0});
  publish({made});
  BOOST_TEST(left(1) > 50);
  BOOST_TEST(left(1) < 500);
}

BOOST_AUTO_TEST_CASE(the_same_word_again_moves_nothing) {
  auto made = version(1);
  bring(made, {{mib, 3 * mib, 1000}, std::nullopt});
  publish({made});
  const auto before = ready_at(1);
  now += 1s;
  publish({made});
  BOOST_TEST(ready_at(1) == before);
}

BOOST_AUTO_TEST_CASE(once_it_serves_nothing_is_left) {
  auto made = version(1);
  bring(made, {{}, 100.0});
  publish({made});
  BOOST_TEST(ready_at(1) > 0);
  made.targets[1].deploying = false;
  made.deploying.clear();
  publish({made});
  BOOST_TEST(ready_at(1) == 0);
}

BOOST_AUTO_TEST_CASE(servers_are_those_that_a_site_says_last) {
  auto made = version(1);
  bring(made, {{}, 100.0}); // before it says how many
  publish({made});
  BOOST_TEST(servers("f", 1) == 1);
  BOOST_TEST(one_at_a_time("f", 1));
  const auto load = target("f", 1).load;
  made.targets[1].deploying = false;
  made.deploying.clear();
  made.targets[1].servers = 4;
  sites[1].servers = 4;
  publish({made});
  BOOST_TEST(servers("f", 1) == 4);
  BOOST_TEST(!one_at_a_time("f", 1));
  BOOST_TEST((target("f", 1).load == load)); // with what is under way
  BOOST_TEST(servers("f", 0) == 1);
}

BOOST_AUTO_TEST_CASE(functions_wait_for_the_servers_that_they_share) {
  auto one = version(1), other = version(1), apart = version(1);
  other.version.function = function_name{"g"};
  apart.version.function = function_name{"h"};
  apart.targets[1].own_queue = true;
  apart.targets[1].servers = 2;
  publish({one, other, apart});
  BOOST_TEST((target("f", 1).load == target("g", 1).load));
  BOOST_TEST((target("f", 1).load != target("h", 1).load));
  BOOST_TEST((target("f", 0).load == target("h", 0).load));
  BOOST_TEST((target("f", 1).link_load == target("h", 1).link_load));
  BOOST_TEST(servers("g", 1) == 1);
  BOOST_TEST(servers("h", 1) == 2);
  BOOST_TEST(!one_at_a_time("h", 1));
  // It is removed and comes anew: with a queue of its own again, an empty one.
  const auto before = target("h", 1).load;
  publish({one, other});
  publish({one, other, apart});
  BOOST_TEST((target("h", 1).load != before));
  // Its instances are as many as the threads now.
  apart.targets[1].own_queue = false;
  apart.targets[1].servers = 1;
  publish({one, other, apart});
  BOOST_TEST((target("f", 1).load == target("h", 1).load));
  BOOST_TEST(servers("h", 1) == 1);
}

BOOST_AUTO_TEST_CASE(a_pull_is_expected_to_go_as_the_last_ones_did) {
  auto made = version(1), next = version(2);
  next.in_service = false;
  bring(next, {{0, 4 * mib, 0}, std::nullopt});
  publish({made, next});
  const auto before = left(2);
  BOOST_TEST(before < 2000); // a guess
  made.loads[there].load_ms = 300;
  made.loads[there].pull_bytes = 4 * mib;
  made.loads[there].pull_ms = 8000;
  publish({made, next});
  bring(next, {{0, 4 * mib, 1}, std::nullopt});
  publish({made, next});
  BOOST_TEST(left(2) > 1.5 * before);
}

BOOST_AUTO_TEST_SUITE_END()
