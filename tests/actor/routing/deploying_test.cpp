// The port and a site that the version is still being brought to.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct deploying_world : port_world {
  deploying_world() {
    for (const char* name : {"n0", "n1"})
      peers.push_back(std::make_shared<fake_peer>(name));
  }
  /// A slow site, and a fast one that has it in 100 ms.
  std::shared_ptr<route> two_sites(const std::string& policy = "min-latency",
                                   double slow_ms = 2000) {
    auto made = route_of({{nullptr, peers[0]}, {nullptr, peers[1]}}, false, 1,
                         {}, policy);
    made->targets[0].node = node_name{"n0"};
    made->targets[1].node = node_name{"n1"};
    auto belief = routing::estimate{};
    belief.slope = 0;
    belief.log_var = 0;
    belief.updated_ms = to_ms(clock.now().time_since_epoch());
    belief.intercept = slow_ms;
    made->targets[0].cell = std::make_shared<routing::estimate_cell>(belief);
    belief.intercept = 10;
    belief.ready_at_ms = to_ms((clock.now() + 100ms).time_since_epoch());
    made->targets[1].cell = std::make_shared<routing::estimate_cell>(belief);
    made->targets[1].deploying = true;
    return made;
  }
  size_t at(size_t peer) {
    loop.run();
    return peers[peer]->sent.size();
  }
  std::vector<std::shared_ptr<fake_peer>> peers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(deploying_test, deploying_world)

BOOST_AUTO_TEST_CASE(events_are_sent_where_that_ends_first) {
  publish(two_sites());
  submit();
  BOOST_TEST(at(1) == 1u);
  peers[1]->answer(errc::ok, true);
}

/// 10 ms each: the next one would wait for 1.5 s behind the others, though no
/// server is at work for them.
BOOST_AUTO_TEST_CASE(those_that_wait_there_count) {
  open(1000);
  publish(two_sites());
  for (int i = 0; i < 150; ++i)
    submit();
  BOOST_TEST(at(0) == 0u);
  BOOST_TEST(at(1) == 150u);
  publish(two_sites("min-latency", 1000)); // with loads that know of nothing
  submit();
  BOOST_TEST(at(0) == 1u);
  for (auto& peer : peers)
    while (!peer->sent.empty())
      peer->answer(errc::ok, true);
}

BOOST_AUTO_TEST_CASE(policies_that_do_not_wait_do_not_see_it) {
  for (const auto* policy : {"round-robin", "random", "deadline", "weighted",
                             "static"}) {
    auto made = two_sites(policy);
    made->fixed = made->targets[0].index;
    publish(made);
    for (int i = 0; i < 20; ++i) {
      const auto token = submit();
      BOOST_TEST(at(1) == 0u, policy);
      while (!peers[0]->sent.empty())
        peers[0]->answer(errc::ok, true);
      BOOST_TEST((code(token) == errc::ok), policy);
    }
  }
}

/// It is said in the words of before.
BOOST_AUTO_TEST_CASE(alone_it_is_no_site_for_them) {
  auto made = two_sites("round-robin");
  made->why_empty = "n1 is pulling";
  peers[0]->usable = false;
  publish(made);
  const auto token = submit();
  BOOST_TEST((code(token) == errc::unavailable));
  BOOST_TEST(got->wait(token).message
             == "no site can run f now: n1 is pulling; n0 does not answer");
}

BOOST_AUTO_TEST_CASE(what_waited_in_vain_does_not_wait_there_again) {
  publish(two_sites());
  const auto token = submit();
  BOOST_TEST(at(1) == 1u);
  publish(two_sites()); // the node has said how far it is
  peers[1]->answer(errc::unavailable);
  BOOST_TEST(at(1) == 0u);
  BOOST_TEST(at(0) == 1u);
  peers[0]->answer(errc::ok, true);
  BOOST_TEST((code(token) == errc::ok));
}

BOOST_AUTO_TEST_CASE(once_it_serves_it_may_be_tried_again) {
  publish(two_sites());
  const auto token = submit();
  BOOST_TEST(at(1) == 1u);
  auto ready = two_sites();
  ready->targets[1].deploying = false;
  auto belief = ready->targets[1].cell->read();
  belief.ready_at_ms = 0;
  ready->targets[1].cell = std::make_shared<routing::estimate_cell>(belief);
  publish(ready);
  peers[1]->answer(errc::unavailable);
  BOOST_TEST(at(1) == 1u);
  peers[1]->answer(errc::ok, true);
  BOOST_TEST((code(token) == errc::ok));
}

BOOST_AUTO_TEST_SUITE_END()
