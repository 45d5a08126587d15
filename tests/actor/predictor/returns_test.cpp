// Nodes that come back, and silent ones.
#include "tests/actor/predictor/predictor_rig.hpp"

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(returns_test, predictor_rig)

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

BOOST_AUTO_TEST_SUITE_END()
