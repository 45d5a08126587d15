// The course of a rollout, and what its judge looks at.
#include "libfaas/rollout/rollout.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::rollout;
using namespace std::chrono_literals;

namespace {

struct course {
  class rollout rollout { {{0.05, 0.5}, 30s}, {} };
  random_source random{9};
  time_point now = time_point{} + 1h;

  /// Events of both versions, evenly, at one site of 20 ms.
  void play(int events, double factor = 1, double errors = 0,
            uint32_t site = 1) {
    for (int i = 0; i < events; ++i) {
      rollout.event(site, arm::old_version, false, latency());
      rollout.event(site, arm::canary, random.uniform() < errors,
                    factor * latency());
    }
  }
  double latency() { return 20 * std::exp(0.3 * random.normal()); }
  bool look(duration later = 31s) { return rollout.look(now += later); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(rollout_test, course)

BOOST_AUTO_TEST_CASE(a_good_canary_goes_step_by_step) {
  BOOST_TEST(rollout.share() == 0);
  BOOST_TEST(!look()); // not ready
  rollout.ready(now);
  BOOST_TEST(rollout.share() == 0.05);
  BOOST_TEST(!look()); // too little is known
  play(300);
  BOOST_TEST(look());
  BOOST_TEST(rollout.share() == 0.5);
  BOOST_TEST(!look()); // each step needs events of its own
  play(300);
  BOOST_TEST(look());
  BOOST_TEST((rollout.now() == phase::promoted));
  BOOST_TEST(rollout.share() == 1);
  BOOST_TEST(!rollout.abort());
}

BOOST_AUTO_TEST_CASE(a_step_lasts_its_time_at_least) {
  rollout.ready(now);
  play(300);
  BOOST_TEST(!look(29s));
  BOOST_TEST(look(2s));
}

BOOST_AUTO_TEST_CASE(a_slow_canary_is_rolled_back_at_once) {
  rollout.ready(now);
  play(200, 1.6);
  BOOST_TEST(look(1s));
  BOOST_TEST((rollout.now() == phase::rolled_back));
  BOOST_TEST((rollout.why() == verdict::too_slow));
  BOOST_TEST(rollout.share() == 0);
}

BOOST_AUTO_TEST_CASE(a_failing_canary_is_rolled_back_at_once) {
  rollout.ready(now);
  play(150, 1, 0.3);
  BOOST_TEST(look(1s));
  BOOST_TEST((rollout.why() == verdict::too_many_errors));
}

BOOST_AUTO_TEST_CASE(a_site_where_only_the_canary_serves_tells_nothing) {
  rollout.ready(now);
  for (int i = 0; i < 1000; ++i)
    rollout.event(7, arm::canary, true, 1000);
  BOOST_TEST(!look());
  BOOST_TEST(rollout.compared() == 0);
}

BOOST_AUTO_TEST_CASE(sites_are_compared_each_with_itself) {
  // The canary is sent to the slow site more often: no reason to blame it.
  rollout.ready(now);
  for (int i = 0; i < 400; ++i) {
    rollout.event(1, arm::old_version, false, latency());
    rollout.event(2, arm::old_version, false, 10 * latency());
    rollout.event(2, arm::canary, false, 10 * latency());
  }
  BOOST_TEST(look());
  BOOST_TEST((rollout.now() == phase::stepping));
}

BOOST_AUTO_TEST_CASE(paused_it_keeps_its_share_and_is_still_watched) {
  rollout.ready(now);
  BOOST_TEST(rollout.pause());
  BOOST_TEST(!rollout.pause());
  play(300);
  BOOST_TEST(!look());
  BOOST_TEST(rollout.share() == 0.05);
  BOOST_TEST(rollout.resume(now));
  BOOST_TEST(look());
  BOOST_TEST(rollout.pause());
  play(300, 2);
  BOOST_TEST(look());
  BOOST_TEST((rollout.now() == phase::rolled_back));
  BOOST_TEST(!rollout.resume(now));
}

BOOST_AUTO_TEST_CASE(what_cannot_start_never_gets_traffic) {
  rollout.cannot_start();
  BOOST_TEST((rollout.now() == phase::rolled_back));
  rollout.ready(now);
  BOOST_TEST(rollout.share() == 0);
}

BOOST_AUTO_TEST_CASE(without_steps_it_has_all_at_once) {
  class rollout whole{{}, {}};
  whole.ready(now);
  BOOST_TEST((whole.now() == phase::promoted));
}

BOOST_AUTO_TEST_CASE(aborted_it_stays_so) {
  rollout.ready(now);
  BOOST_TEST(rollout.abort());
  play(300);
  BOOST_TEST(!look());
  BOOST_TEST(name(rollout.now()) == "aborted");
}

BOOST_AUTO_TEST_SUITE_END()
