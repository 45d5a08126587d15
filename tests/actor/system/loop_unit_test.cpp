// Lanes on a loop's thread: order, fairness, shutdown.
#include "actors/routing/lane.hpp"
#include "actors/system/loop_unit.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_loop.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace faas::test;

namespace {

struct unit_world : actor_fixture {
  ~unit_world() {
    unit.reset();
    settle();
  }
  caf::actor lane() {
    return spawn_lane(system, counters, std::make_shared<lane_health>());
  }
  void feed(const caf::actor& to, uint64_t token) {
    invocation event;
    event.size = static_cast<double>(token);
    feed_lane(to, counters,
              std::make_shared<event_box>(
                event_box{std::move(event), got->promise(token), host}),
              unit.get());
  }
  void end(const caf::actor& one) {
    caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  }

  census counters;
  fake_loop loop;
  std::unique_ptr<loop_unit> unit = std::make_unique<loop_unit>(system, loop);
  std::shared_ptr<fake_host> host = std::make_shared<fake_host>();
  std::shared_ptr<answers> got = answers::make();
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(loop_unit_test, unit_world)

BOOST_AUTO_TEST_CASE(events_of_a_loop_keep_their_order) {
  const auto one = lane();
  for (uint64_t i = 0; i < 50; ++i)
    feed(one, i);
  unit->drain();
  BOOST_REQUIRE_EQUAL(host->waiting.size(), 50u);
  for (size_t i = 0; i < 50; ++i)
    BOOST_TEST(host->waiting[i].event.size == double(i));
  BOOST_TEST(scheduler.jobs.empty()); // nothing ran elsewhere
  end(one);
}

BOOST_AUTO_TEST_CASE(events_of_a_batch_keep_their_order) {
  const auto one = lane();
  auto batch = std::make_shared<std::vector<event_box>>();
  for (uint64_t i = 0; i < 5; ++i) {
    invocation event;
    event.size = static_cast<double>(i);
    batch->push_back({std::move(event), got->promise(i), host});
  }
  feed_lane(one, counters, std::move(batch), unit.get());
  feed(one, 5);
  unit->drain();
  BOOST_REQUIRE_EQUAL(host->waiting.size(), 6u);
  for (size_t i = 0; i < 6; ++i)
    BOOST_TEST(host->waiting[i].event.size == double(i));
  end(one);
}

BOOST_AUTO_TEST_CASE(a_lane_that_is_closed_runs_what_it_was_fed) {
  const auto one = lane();
  feed(one, 1);
  feed(one, 2);
  close_lane(one, unit.get());
  feed(one, 3); // too late: dropped, and so reported
  unit->drain();
  BOOST_TEST(host->waiting.size() == 2u);
  BOOST_TEST(got->has(3));
  BOOST_TEST(!got->has(1));
}

BOOST_AUTO_TEST_CASE(a_flood_leaves_the_sockets_their_turn) {
  const auto one = lane();
  for (uint64_t i = 0; i < 20'000; ++i)
    feed(one, i);
  unit->drain();
  const auto first = host->submitted;
  BOOST_TEST(first < 20'000);
  BOOST_REQUIRE_EQUAL(loop.waiting(), 1u); // the rest is one later turn
  loop.turn();
  BOOST_TEST(host->submitted > first);
  BOOST_TEST(host->submitted <= 2 * first);
  loop.run();
  BOOST_TEST(host->submitted == 20'000);
  end(one);
}

BOOST_AUTO_TEST_CASE(two_lanes_share_a_turn) {
  const auto one = lane(), two = lane();
  for (uint64_t i = 0; i < 20'000; ++i)
    feed(one, i);
  feed(two, 100'000);
  unit->drain();
  bool served = false;
  for (const auto& held : host->waiting)
    served = served || held.event.size == 100'000;
  BOOST_TEST(served);
  loop.run();
  end(one), end(two);
}

BOOST_AUTO_TEST_CASE(a_unit_that_ends_runs_what_it_has) {
  const auto one = lane();
  for (uint64_t i = 0; i < 10'000; ++i)
    feed(one, i);
  unit->drain();
  BOOST_TEST(host->submitted < 10'000);
  unit.reset();
  BOOST_TEST(host->submitted == 10'000);
  BOOST_TEST(loop.run() == 1u); // the posted drain finds nobody
  end(one);
}

BOOST_AUTO_TEST_CASE(after_the_loop_has_ended_the_unit_still_drains) {
  const auto one = lane();
  loop.end();
  for (uint64_t i = 0; i < 10'000; ++i)
    feed(one, i);
  unit->drain(); // cannot post the rest
  unit.reset();
  BOOST_TEST(host->submitted == 10'000);
  end(one);
}

BOOST_AUTO_TEST_CASE(a_lane_that_throws_answers_its_backlog) {
  const auto one = lane();
  host->fault = [] { throw std::runtime_error("on purpose"); };
  for (uint64_t i = 0; i < 10; ++i)
    feed(one, i);
  unit->drain();
  settle();
  BOOST_TEST(got->all().size() == 10u);
  for (const auto& [token, answer] : got->all())
    BOOST_TEST((answer.code == errc::abandoned));
  BOOST_TEST(got->each_once());
  BOOST_TEST(counters.of(actor_kind::lane).alive == 0u);
}

BOOST_AUTO_TEST_CASE(a_lane_that_was_stopped_answers_later_events) {
  const auto one = lane();
  feed(one, 1);
  unit->drain();
  end(one);
  settle();
  feed(one, 2);
  unit->drain();
  BOOST_REQUIRE(got->has(2));
  BOOST_TEST((got->wait(2).code == errc::abandoned));
}

BOOST_AUTO_TEST_CASE(an_event_that_makes_another_is_no_recursion) {
  const auto one = lane();
  int depth = 0, deepest = 0, made = 0;
  host->answer_with = [&](const invocation&) {
    deepest = std::max(deepest, ++depth);
    if (++made < 1000) {
      feed(one, static_cast<uint64_t>(made));
      unit->drain(); // as the port does
    }
    --depth;
    return reply{};
  };
  feed(one, 0);
  unit->drain();
  loop.run();
  BOOST_TEST(made == 1000);
  BOOST_TEST(deepest == 1);
  end(one);
}

BOOST_AUTO_TEST_SUITE_END()
