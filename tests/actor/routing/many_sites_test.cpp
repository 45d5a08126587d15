// The port with more sites than a decision looks at.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <set>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;

namespace {

struct kept final : decision_sink {
  void take(decisions::batch&& what) override {
    for (const auto& one : what.items)
      all.push_back({what.contexts[one.context], one.what});
  }
  struct entry {
    decisions::context_ptr of;
    decisions::entry what;
  };
  std::vector<entry> all;
};

struct crowd_world : port_world {
  crowd_world() {
    port.reset();
    port_deps deps{system, counters, board, stats, ports, clock, 1, 512};
    deps.decisions = {&sink, 1, 0};
    port = std::make_unique<loop_port>(deps, loop);
  }
  ~crowd_world() { port.reset(); }

  /// So many peers, the first `fast` ones counted from the end ten times as
  /// fast as the others.
  void use(size_t count, size_t fast = 1,
           const std::string& policy = "min-latency:social=0") {
    std::vector<site> sites;
    for (size_t i = 0; i < count; ++i) {
      peers.push_back(std::make_shared<fake_peer>("n" + std::to_string(i)));
      sites.push_back({nullptr, peers.back()});
    }
    made = route_of(std::move(sites), true, 1, {}, policy);
    for (size_t i = 0; i < count; ++i) {
      routing::estimate e;
      e.slope = 0;
      e.intercept = i + fast >= count ? 10 : 100;
      e.log_var = 1e-6;
      e.warm_until_ms = 1e300;
      made->targets[i].cell = std::make_shared<routing::estimate_cell>(e);
    }
    publish(made);
  }
  /// Positions of the peers that hold events, with repetitions.
  std::vector<size_t> holders() {
    loop.run();
    std::vector<size_t> all;
    for (size_t i = 0; i < peers.size(); ++i)
      all.insert(all.end(), peers[i]->sent.size(), i);
    return all;
  }

  kept sink;
  std::shared_ptr<route> made;
  std::vector<std::shared_ptr<fake_peer>> peers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(many_sites_test, crowd_world)

BOOST_AUTO_TEST_CASE(the_best_of_hundreds_gets_the_event) {
  use(300);
  submit();
  BOOST_TEST(holders() == std::vector<size_t>{299},
             boost::test_tools::per_element());
  peers[299]->answer(errc::ok, true);
  loop.run();
  BOOST_TEST((code(last_token) == errc::ok));
  BOOST_TEST(got->wait(last_token).site == "n299/cpu");
}

BOOST_AUTO_TEST_CASE(events_spread_over_all_that_are_fast) {
  use(300, 60);
  for (int i = 0; i < 60; ++i)
    submit();
  const auto held = holders();
  const std::set<size_t> sites{held.begin(), held.end()};
  BOOST_TEST(held.size() == 60u);
  BOOST_TEST(sites.size() > 50u); // one each, but for what is tried to learn
}

BOOST_AUTO_TEST_CASE(what_is_refused_goes_to_another_and_never_back) {
  use(100);
  submit();
  std::set<size_t> asked;
  for (;;) {
    const auto held = holders();
    if (held.empty())
      break;
    BOOST_REQUIRE_EQUAL(held.size(), 1u);
    BOOST_TEST(asked.insert(held[0]).second);
    peers[held[0]]->answer(errc::unavailable);
  }
  BOOST_TEST(asked.size() == 3u);
  BOOST_TEST(asked.count(99) == 1u);
  BOOST_TEST((code(last_token) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(who_is_gone_or_rests_is_left_out_while_there_are_others) {
  use(100, 3);
  peers[99]->usable = false;
  made = std::make_shared<route>(*made);
  made->targets[98].cannot = true;
  publish(made);
  submit();
  BOOST_TEST(holders() == std::vector<size_t>{97},
             boost::test_tools::per_element());
  for (size_t i = 0; i < peers.size(); ++i)
    peers[i]->usable = i == 98;
  submit();
  BOOST_TEST(holders() == (std::vector<size_t>{97, 98}),
             boost::test_tools::per_element());
  peers[98]->usable = false;
  submit();
  BOOST_TEST((code(last_token) == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(the_log_names_those_that_were_looked_at) {
  use(300);
  submit(), submit();
  BOOST_REQUIRE(holders().size() == 2u);
  for (auto& one : peers)
    while (!one->sent.empty())
      one->answer(errc::ok, true);
  loop.run();
  port->request_report();
  loop.run();
  BOOST_REQUIRE(sink.all.size() == 2u);
  for (const auto& one : sink.all) {
    const auto& names = one.of->sites;
    BOOST_TEST(names.size() <= routing::max_candidates);
    BOOST_TEST((std::set<std::string>{names.begin(), names.end()}.size()
                == names.size()));
    BOOST_REQUIRE(one.what.chosen < names.size());
  }
  BOOST_TEST(sink.all[0].of->sites[sink.all[0].what.chosen] == "n299/cpu");
}

BOOST_AUTO_TEST_CASE(round_robin_comes_to_each) {
  use(80, 1, "round-robin");
  for (int i = 0; i < 80; ++i)
    submit();
  const auto held = holders();
  BOOST_TEST(std::set<size_t>(held.begin(), held.end()).size() == 80u);
}

BOOST_AUTO_TEST_SUITE_END()
