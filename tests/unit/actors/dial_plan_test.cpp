// When nodes are dialled again.
#include "actors/link/dial_plan.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

struct plan_world {
  time_point now = time_point{} + 1h;
  random_source random{7};
  dial_plan plan{2};

  /// Pause after a failure, found in steps of 1 ms.
  duration pause_after_failure(size_t i, duration up = {}) {
    plan.calling(i);
    plan.failed(i, up, now, random);
    auto later = now;
    while (!plan.due(i, later))
      later += 1ms;
    return later - now;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(dial_plan_test, plan_world)

BOOST_AUTO_TEST_CASE(a_node_under_call_is_not_due) {
  BOOST_TEST(plan.due(0, now));
  plan.calling(0);
  BOOST_TEST(!plan.due(0, now + 24h));
  BOOST_TEST(plan.due(1, now));
}

BOOST_AUTO_TEST_CASE(pauses_double_up_to_a_bound_and_are_spread) {
  auto expected = dial_plan::first_pause_ms;
  for (int i = 0; i < 10; ++i) {
    const auto pause = to_ms(pause_after_failure(0));
    BOOST_TEST(pause >= 0.5 * expected);
    BOOST_TEST(pause <= 1.5 * expected + 1);
    expected = std::min(2 * expected, dial_plan::longest_pause_ms);
  }
}

BOOST_AUTO_TEST_CASE(only_a_lasting_link_resets_the_back_off) {
  for (int i = 0; i < 6; ++i)
    pause_after_failure(0);
  plan.calling(0);
  BOOST_TEST(!plan.failed(0, dial_plan::lasting - 1ms, now, random));
  plan.calling(0);
  BOOST_TEST(plan.failed(0, dial_plan::lasting, now, random));
  BOOST_TEST(to_ms(pause_after_failure(0)) <= 3 * dial_plan::first_pause_ms);
}

BOOST_AUTO_TEST_CASE(it_remembers_who_answered) {
  BOOST_TEST(plan.node(1).str().empty());
  plan.answered(1, node_name{"edge"});
  BOOST_TEST(plan.node(1).str() == "edge");
}

BOOST_AUTO_TEST_SUITE_END()
