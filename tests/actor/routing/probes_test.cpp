// Probes that a policy asks for itself.
#include "actors/link/probe_desk.hpp"
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

struct probing_world : port_world {
  void use(size_t n) {
    std::vector<site> sites;
    for (size_t i = 0; i < n; ++i) {
      peers.push_back(std::make_shared<fake_peer>("n" + std::to_string(i)));
      sites.push_back({nullptr, peers.back()});
    }
    publish(std::move(sites), true, 3, {}, "prequal:rate=8,removal=0");
  }
  /// Answers all questions: peer `idle` has nothing to do, the others have.
  size_t answer_probes(size_t idle) {
    size_t answered = 0;
    for (size_t i = 0; i < peers.size(); ++i) {
      for (auto& [version, tell] : peers[i]->probes) {
        BOOST_TEST(version.version == 3u);
        tell(i == idle ? host_probe{0, 5ms} : host_probe{9, 80ms});
        ++answered;
      }
      peers[i]->probes.clear();
    }
    loop.run();
    return answered;
  }
  std::vector<std::shared_ptr<fake_peer>> peers;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(probes_test, probing_world)

BOOST_AUTO_TEST_CASE(events_go_where_the_answers_say_that_it_is_best) {
  use(4);
  submit();
  BOOST_TEST(answer_probes(2) > 2u);
  const auto before = peers[2]->sent.size();
  for (int i = 0; i < 5; ++i) {
    submit();
    loop.run();
    answer_probes(2);
  }
  BOOST_TEST(peers[2]->sent.size() == before + 5);
}

BOOST_AUTO_TEST_CASE(without_answers_events_go_anywhere) {
  use(2);
  for (int i = 0; i < 15; ++i)
    submit();
  loop.run();
  BOOST_TEST(peers[0]->sent.size() > 0u);
  BOOST_TEST(peers[1]->sent.size() > 0u);
  BOOST_TEST(peers[0]->sent.size() + peers[1]->sent.size() == 15u);
}

BOOST_AUTO_TEST_CASE(this_node_s_own_host_answers_at_once) {
  const auto host = std::make_shared<fake_host>();
  peers.push_back(std::make_shared<fake_peer>("n1"));
  publish({{host, nullptr}, {nullptr, peers[0]}}, true, 3, {}, "prequal");
  for (int i = 0; i < 12; ++i) {
    submit();
    loop.run();
    for (auto& [version, tell] : peers[0]->probes)
      tell({50, 1s});
    peers[0]->probes.clear();
    loop.run();
    for (auto& one : std::exchange(host->waiting, {}))
      one.done(ok_reply());
    loop.run();
  }
  BOOST_TEST(peers[0]->sent.size() < 6u);
}

BOOST_AUTO_TEST_CASE(where_there_is_no_choice_nobody_is_asked) {
  use(3);
  peers[0]->usable = peers[2]->usable = false;
  submit();
  loop.run();
  BOOST_TEST(peers[1]->sent.size() == 1u);
  BOOST_TEST(peers[1]->probes.empty());
}

/// Those that wait for an answer keep no route, and so no host, alive.
BOOST_AUTO_TEST_CASE(a_question_keeps_nothing_alive) {
  const auto host = std::make_shared<fake_host>();
  const std::weak_ptr<fake_host> alive = host;
  peers.push_back(std::make_shared<fake_peer>("n1"));
  publish({{host, nullptr}, {nullptr, peers[0]}}, true, 3, {}, "prequal");
  submit();
  loop.run();
  BOOST_REQUIRE(!peers[0]->probes.empty());
  for (auto& one : std::exchange(host->waiting, {}))
    one.done(ok_reply());
  while (!peers[0]->sent.empty())
    peers[0]->answer(errc::ok, true);
  loop.run();
  publish_nothing();
  port->find("f");
  settle();
  BOOST_TEST(alive.use_count() == 1); // ours
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_port_has_gone_is_nobody_s) {
  use(3);
  submit();
  loop.run();
  auto late = std::move(peers[0]->probes);
  for (auto* more : {&peers[1]->probes, &peers[2]->probes})
    late.insert(late.end(), more->begin(), more->end());
  BOOST_REQUIRE(!late.empty());
  for (auto& one : peers)
    one->sent.clear();
  port.reset();
  std::thread{[&] {
    for (auto& [version, tell] : late)
      tell({1, 1ms});
  }}.join();
}

BOOST_AUTO_TEST_CASE(answers_to_a_version_that_is_gone_are_dropped) {
  use(3);
  submit();
  loop.run();
  auto peer = peers[0];
  publish_nothing();
  port->find("f");
  for (auto& one : peers)
    for (auto& [version, tell] : one->probes)
      tell({1, 1ms});
  loop.run();
  for (auto& one : peers)
    while (!one->sent.empty())
      one->answer(errc::ok, true);
  loop.run();
  BOOST_TEST((code(last_token) == errc::ok));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(probe_desk_test)

const version_ref f3{function_name{"f"}, 3};

BOOST_AUTO_TEST_CASE(an_answer_finds_its_question_once) {
  probe_desk desk;
  uint32_t told = 0;
  const auto asked
    = desk.ask(f3, [&](const host_probe& what) { told += what.inside; }, {});
  BOOST_REQUIRE(asked);
  BOOST_TEST((asked->version == f3));
  for (const auto other : {asked->number + 1, uint64_t{0},
                           asked->number + probe_desk::most})
    desk.told({other, true, 100, {}});
  BOOST_TEST(told == 0u);
  desk.told({asked->number, true, 7, {}});
  desk.told({asked->number, true, 7, {}});
  BOOST_TEST(told == 7u);
}

BOOST_AUTO_TEST_CASE(who_does_not_run_it_tells_nothing) {
  probe_desk desk;
  int told = 0;
  const auto asked = desk.ask(f3, [&](const host_probe&) { ++told; }, {});
  desk.told({asked->number, false, 7, {}});
  desk.told({asked->number, true, 7, {}}); // too late: it was answered
  BOOST_TEST(told == 0);
}

BOOST_AUTO_TEST_CASE(of_too_many_those_that_wait_are_kept) {
  probe_desk desk;
  const auto ask = [&](duration at) {
    return desk.ask(f3, [](const host_probe&) {}, time_point{} + at);
  };
  const auto first = ask(0s);
  for (size_t i = 1; i < probe_desk::most; ++i)
    BOOST_REQUIRE(ask(1ms));
  BOOST_TEST(!ask(2ms));
  desk.told({first->number, true, 1, {}});
  BOOST_TEST(!!ask(2ms)); // in its place
  BOOST_TEST(!ask(2ms));
  BOOST_TEST(!!ask(1s + 1ms)); // one that got no answer is given up
}

BOOST_AUTO_TEST_CASE(the_peer_is_told_how_busy_a_version_is) {
  struct busy final : fake_host {
    host_probe probe() const override { return {12, 40ms}; }
  };
  routing_board board;
  auto table = std::make_shared<routing_table>();
  table->hosts.emplace(f3, std::make_shared<busy>());
  board.publish(table);
  probe_desk desk;
  const auto known = desk.answer({9, f3}, board);
  BOOST_REQUIRE(known);
  BOOST_TEST((*known == wire::probe_answer{9, true, 12, 40ms}));
  const auto other = desk.answer({10, {function_name{"f"}, 4}}, board);
  BOOST_REQUIRE(other);
  BOOST_TEST((*other == wire::probe_answer{10, false, 0, {}}));
  for (size_t i = 2; i < probe_desk::most_answers; ++i)
    BOOST_REQUIRE(desk.answer({11, f3}, board));
  BOOST_TEST(!desk.answer({11, f3}, board));
  desk.begin_turn();
  BOOST_TEST(!!desk.answer({11, f3}, board));
}

BOOST_AUTO_TEST_SUITE_END()
