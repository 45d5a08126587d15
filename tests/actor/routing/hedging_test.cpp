// Second starts: one answer, from the first that has it.
#include "tests/actor/routing/port_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

/// Two peers of which the first is predicted faster, and hedging that is free:
/// the second start comes at once.
struct hedging_world : port_world {
  void use(const std::string& policy = "min-latency:hedge=1,price=0,explore=0",
           bool idempotent = true) {
    peers.clear();
    std::vector<site> sites;
    for (int i = 0; i < 2; ++i) {
      peers.push_back(std::make_shared<fake_peer>("n" + std::to_string(i)));
      sites.push_back({nullptr, peers.back()});
    }
    auto made = route_of(std::move(sites), idempotent, 1, {}, policy);
    for (int i = 0; i < 2; ++i) {
      routing::estimate belief;
      belief.slope = 0;
      belief.intercept = 20;
      belief.log_var = 0.04;
      cells.push_back(std::make_shared<routing::estimate_cell>(belief));
      made->targets[i].cell = cells.back();
    }
    publish(std::move(made));
  }
  uint64_t start() {
    const auto token = submit();
    loop.run();
    return token;
  }
  /// Until the second start has been made.
  bool second_start(duration after = 0ms) {
    advance(after);
    loop.reach(clock.now());
    return !peers[0]->sent.empty() && !peers[1]->sent.empty();
  }
  fake_peer& first() { return peers[0]->sent.empty() ? *peers[1] : *peers[0]; }

  std::vector<std::shared_ptr<fake_peer>> peers;
  std::vector<std::shared_ptr<routing::estimate_cell>> cells;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(hedging_test, hedging_world)

BOOST_AUTO_TEST_CASE(the_first_answer_counts_and_the_other_is_told_to_stop) {
  for (const int winner : {0, 1}) {
    use();
    const auto token = start();
    auto& before = first();
    BOOST_REQUIRE(second_start());
    auto& late = &before == peers[0].get() ? *peers[1] : *peers[0];
    BOOST_TEST(late.sent[0].event.body.view() == "body");
    BOOST_TEST((late.sent[0].event.id == before.sent[0].event.id));
    BOOST_TEST(before.sent[0].done.wanted());
    BOOST_TEST(late.sent[0].done.wanted());
    auto& quick = winner == 0 ? before : late;
    auto& slow = winner == 0 ? late : before;
    quick.answer(errc::ok, true);
    BOOST_TEST((code(token) == errc::ok));
    BOOST_TEST(got->wait(token).site == quick.name.str() + "/cpu");
    BOOST_TEST(!slow.sent[0].done.wanted());
    slow.answer(errc::cancelled);
    BOOST_TEST(got->each_once());
  }
}

BOOST_AUTO_TEST_CASE(what_ran_to_its_end_in_vain_is_no_second_answer) {
  use();
  const auto token = start();
  BOOST_REQUIRE(second_start());
  peers[0]->answer(errc::ok, true);
  peers[1]->answer(errc::ok, true);
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST(got->each_once());
  const auto name = function_name{"f"};
  BOOST_TEST(stats.invocations(name) == 1u);
}

BOOST_AUTO_TEST_CASE(a_failure_leaves_the_event_to_the_other_start) {
  for (const int failed : {0, 1})
    for (const auto how : {errc::function_failed, errc::unavailable,
                           errc::outcome_unknown}) {
      use();
      const auto token = start();
      BOOST_REQUIRE(second_start());
      peers[failed]->answer(how);
      BOOST_TEST(!got->has(token));
      BOOST_REQUIRE_EQUAL(peers[1 - failed]->sent.size(), 1u);
      BOOST_TEST(peers[1 - failed]->sent[0].done.wanted());
      peers[1 - failed]->answer(errc::ok, true);
      BOOST_TEST((code(token) == errc::ok));
    }
  BOOST_TEST(got->each_once());
}

/// A node that hangs is found to be silent before the second start has answered.
BOOST_AUTO_TEST_CASE(a_second_start_that_outlives_the_first_has_won) {
  use();
  const auto token = start();
  auto& before = first();
  BOOST_REQUIRE(second_start());
  auto& late = &before == peers[0].get() ? *peers[1] : *peers[0];
  before.answer(errc::outcome_unknown);
  late.answer(errc::ok, true);
  BOOST_TEST((code(token) == errc::ok));
  double won = 0;
  for (const auto& family : stats.collect())
    if (family.name == "petrel_hedges_won_total")
      for (const auto& sample : family.samples)
        won += sample.value;
  BOOST_TEST(won == 1);
}

BOOST_AUTO_TEST_CASE(when_both_fail_the_last_failure_is_the_answer) {
  use();
  const auto token = start();
  BOOST_REQUIRE(second_start());
  peers[0]->answer(errc::function_failed, true);
  BOOST_TEST(!got->has(token));
  peers[1]->answer(errc::function_failed, true);
  BOOST_TEST((code(token) == errc::function_failed));
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(it_waits_until_a_second_start_pays) {
  use("min-latency:hedge=1,price=0.5,explore=0");
  const auto token = start();
  BOOST_TEST(!second_start());
  BOOST_TEST(!second_start(10ms));
  BOOST_TEST(second_start(200ms)); // ten times what was predicted
  first().answer(errc::ok, true);
  BOOST_TEST((code(token) == errc::ok));
}

BOOST_AUTO_TEST_CASE(an_event_that_has_ended_is_left_alone) {
  use("min-latency:hedge=1,price=0.5,explore=0");
  const auto token = start();
  first().answer(errc::ok, true);
  BOOST_TEST(!second_start(1s));
  BOOST_TEST((code(token) == errc::ok));
  BOOST_TEST(peers[0]->sent.empty());
  BOOST_TEST(peers[1]->sent.empty());
}

BOOST_AUTO_TEST_CASE(nobody_waits_nobody_starts) {
  use("min-latency:hedge=1,price=0.5,explore=0");
  start();
  got->nobody_waits();
  BOOST_TEST(!second_start(1s));
}

BOOST_AUTO_TEST_CASE(only_idempotent_functions_start_twice) {
  use("min-latency:hedge=1,price=0,explore=0", false);
  start();
  BOOST_TEST(!second_start(1s));
}

BOOST_AUTO_TEST_CASE(second_starts_are_a_share_of_the_events) {
  open(256);
  use("min-latency:hedge=0.1,price=0,explore=0");
  size_t twice = 0;
  for (int i = 0; i < 100; ++i) {
    start();
    twice += second_start();
    for (auto& one : peers)
      while (!one->sent.empty())
        one->answer(errc::ok, true);
  }
  BOOST_TEST(twice == 10u);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_second_site_that_is_gone_is_not_started) {
  use("min-latency:hedge=1,price=0.5,explore=0");
  start();
  (peers[0]->sent.empty() ? peers[0] : peers[1])->usable = false;
  BOOST_TEST(!second_start(1s));
}

BOOST_AUTO_TEST_CASE(a_port_that_closes_answers_each_event_once) {
  use();
  const auto token = start();
  BOOST_REQUIRE(second_start());
  port.reset();
  BOOST_TEST((code(token) == errc::shutting_down));
  peers[0]->answer(errc::ok, true);
  peers[1]->answer(errc::ok, true);
  BOOST_TEST(got->each_once());
}

namespace {

/// Notes what it is given.
struct noted_parts final : answer_parts {
  taken put(const reply&, std::string_view part) noexcept override {
    text += part;
    return taken::sent;
  }
  void wait_for_room(time_point) noexcept override {}
  bool began() const noexcept override { return !text.empty(); }
  std::string text;
};

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_that_has_begun_is_the_answer) {
  use();
  auto parts = std::make_shared<noted_parts>();
  auto made = event();
  made.parts = parts;
  port->submit(std::move(made), got->promise(1));
  loop.run();
  auto& before = first();
  auto& late = &before == peers[0].get() ? *peers[1] : *peers[0];
  BOOST_REQUIRE(second_start());
  BOOST_TEST(!late.sent[0].event.parts);
  BOOST_TEST((before.sent[0].event.parts->put({}, "one")
              == answer_parts::taken::sent));
  late.answer(errc::ok, true);
  BOOST_TEST(!got->has(1));
  before.answer(errc::function_failed, true);
  BOOST_TEST((code(1) == errc::function_failed));
  BOOST_TEST(parts->text == "one");
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_failure_after_parts_is_not_followed_by_another_answer) {
  use();
  auto parts = std::make_shared<noted_parts>();
  auto made = event();
  made.parts = parts;
  port->submit(std::move(made), got->promise(1));
  loop.run();
  auto& before = first();
  auto& late = &before == peers[0].get() ? *peers[1] : *peers[0];
  BOOST_REQUIRE(second_start());
  before.sent[0].event.parts->put({}, "one");
  before.answer(errc::function_failed, true);
  BOOST_TEST((code(1) == errc::function_failed));
  late.answer(errc::ok, true);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_CASE(a_second_answer_shuts_the_first_ones_parts_out) {
  use();
  auto parts = std::make_shared<noted_parts>();
  auto made = event();
  made.parts = parts;
  port->submit(std::move(made), got->promise(1));
  loop.run();
  auto& before = first();
  auto& late = &before == peers[0].get() ? *peers[1] : *peers[0];
  BOOST_REQUIRE(second_start());
  late.answer(errc::ok, true);
  BOOST_TEST((code(1) == errc::ok));
  BOOST_TEST((before.sent[0].event.parts->put({}, "late")
              == answer_parts::taken::gone));
  BOOST_TEST(parts->text.empty());
  before.answer(errc::cancelled);
  BOOST_TEST(got->each_once());
}

BOOST_AUTO_TEST_SUITE_END()
