#include "libfaas/routing/network_estimator.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::routing;

namespace {

bool near(double a, double b, double share) {
  return std::abs(a / b - 1) <= share;
}

/// A link of 40 ms and 20 Mbit/s; jitter as the estimator assumes by default.
struct wire {
  network_estimator filter;
  random_source random;
  double rtt = 40, per_byte = 4e-4, jitter = 1, share = 0.08;
  time_point now{};

  explicit wire(uint64_t seed, network_prior prior = {})
    : filter(prior), random(seed) {}

  double draw(double bytes) {
    const double mean = rtt + per_byte * bytes;
    return mean + std::hypot(jitter, share * mean) * random.normal();
  }
  void play(int events, double max_bytes = 200'000) {
    for (int i = 0; i < events; ++i) {
      const double bytes = random.uniform() * max_bytes;
      filter.observe({bytes}, draw(bytes), now += from_ms(200));
    }
  }
  double error(double bytes) const {
    return std::abs(filter.mean({bytes}) / (rtt + per_byte * bytes) - 1);
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(network_estimator_test)

  BOOST_AUTO_TEST_CASE(finds_rtt_and_time_per_byte) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        wire l{seed};
        l.play(100);
        BOOST_TEST(l.error(0) < 0.15);
        BOOST_TEST(l.error(30'000) < 0.1);
        BOOST_TEST(l.error(200'000) < 0.1);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_step_of_the_rtt_is_followed_within_eight_events) {
    int good = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      wire l{seed};
      l.play(100);
      l.rtt += 80;
      l.play(8);
      good += l.error(30'000) < 0.2;
    }
    BOOST_TEST(good >= 38);
  }

  BOOST_AUTO_TEST_CASE(a_step_of_the_rate_is_followed_within_ten_events) {
    int good = 0;
    for (uint64_t seed = 1; seed <= 40; ++seed) {
      wire l{seed};
      l.play(100);
      l.per_byte *= 5;
      l.play(10);
      good += l.error(100'000) < 0.2;
    }
    BOOST_TEST(good >= 38);
  }

  BOOST_AUTO_TEST_CASE(pings_alone_tell_the_rtt_and_leave_the_rate) {
    wire l{1};
    l.play(50);
    const double rate = l.filter.up_ms_per_byte();
    l.rtt = 90;
    for (int i = 0; i < 10; ++i)
      BOOST_TEST(l.filter.observe_rtt(l.draw(0), l.now += from_ms(1000)));
    BOOST_TEST(std::abs(l.filter.rtt_ms() - 90) < 15);
    BOOST_TEST(std::abs(l.filter.up_ms_per_byte() / rate - 1) < 0.5);
  }

  BOOST_AUTO_TEST_CASE(without_payload_spread_the_rate_stays_uncertain) {
    wire few{1}, spread{1};
    for (int i = 0; i < 100; ++i)
      few.filter.observe({100}, few.draw(100), few.now += from_ms(200));
    spread.play(100);
    BOOST_TEST(few.filter.covariance(1, 1)
               > 20 * spread.filter.covariance(1, 1));
    const network_prior prior;
    BOOST_TEST(few.filter.up_ms_per_byte() == prior.ms_per_byte,
               boost::test_tools::tolerance(0.5));
  }

  BOOST_AUTO_TEST_CASE(each_direction_has_its_own_rate) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        wire l{seed}; // 20 Mbit/s up, 200 down
        const double down_per_byte = 4e-5;
        for (int i = 0; i < 300; ++i) {
          const way_bytes bytes{l.random.uniform() * 100'000,
                                l.random.uniform() * 1'000'000};
          const double mean
            = l.rtt + l.per_byte * bytes.up + down_per_byte * bytes.down;
          const double y
            = mean + std::hypot(l.jitter, l.share * mean) * l.random.normal();
          l.filter.observe(bytes, y, l.now += from_ms(200));
        }
        BOOST_TEST(near(l.filter.up_ms_per_byte(), l.per_byte, 0.25));
        BOOST_TEST(near(l.filter.down_ms_per_byte(), down_per_byte, 0.25));
        BOOST_TEST(near(l.filter.mean({80'000, 0}), 72, 0.1));
        BOOST_TEST(near(l.filter.mean({0, 800'000}), 72, 0.1));
      }
    }
  }

  BOOST_AUTO_TEST_CASE(one_direction_tells_of_the_other_while_nothing_else_does) {
    wire l{1};
    const double before = l.filter.covariance(2, 2);
    l.play(100);
    const double rate = l.filter.up_ms_per_byte();
    BOOST_TEST(near(l.filter.down_ms_per_byte(), rate, 0.15));
    // ... as a guess: 1 - 0.9^2 of its variance is left, and what time adds.
    BOOST_TEST(l.filter.covariance(2, 2) > 0.15 * before);
    // 80 kB up or down for 200 Mbit/s: two replies say that it is a bad one.
    for (int i = 0; i < 20; ++i)
      l.filter.observe({1000, 400'000}, 40 + 0.4 + 16,
                       l.now += from_ms(200));
    BOOST_TEST(near(l.filter.down_ms_per_byte(), 4e-5, 0.2));
    BOOST_TEST(near(l.filter.up_ms_per_byte(), rate, 0.3));
  }

  BOOST_AUTO_TEST_CASE(all_states_stay_non_negative) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        wire l{seed};
        for (int i = 0; i < 200; ++i) { // faster the larger: no line fits
          const double bytes = l.random.uniform() * 1e6;
          l.filter.observe({bytes}, 50 / (1 + bytes / 1e4),
                           l.now += from_ms(100));
          BOOST_REQUIRE(l.filter.up_ms_per_byte() >= 0);
          BOOST_REQUIRE(l.filter.rtt_ms() >= 0);
          BOOST_REQUIRE(l.filter.var({bytes}) > 0);
          BOOST_REQUIRE(l.filter.down_ms_per_byte() >= 0);
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(ninety_percent_intervals_hold) {
    for (const double factor : {0.7, 1.0, 2.0}) {
      int inside = 0, events = 0;
      for (uint64_t seed = 1; seed <= 10; ++seed) {
        wire l{seed};
        l.jitter *= factor;
        l.share *= factor;
        l.play(200);
        for (int i = 0; i < 200; ++i) {
          const double bytes = l.random.uniform() * 2e5;
          const double y = l.draw(bytes);
          const double sd
            = std::sqrt(l.filter.var({bytes}) + l.filter.noise({bytes}));
          inside += std::abs(y - l.filter.mean({bytes})) <= 1.645 * sd;
          ++events;
          l.filter.observe({bytes}, y, l.now += from_ms(200));
        }
      }
      const double share = double(inside) / events;
      BOOST_TEST_MESSAGE("scatter factor " << factor << ": " << share);
      BOOST_TEST_CONTEXT("factor " << factor) {
        BOOST_TEST(share >= 0.85);
        BOOST_TEST(share <= 0.95);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(false_alarms_stay_below_one_in_a_thousand_events) {
    unsigned long alarms = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      wire l{seed};
      l.play(100);
      const auto settled = l.filter.changes();
      l.play(1000);
      alarms += l.filter.changes() - settled;
    }
    BOOST_TEST_MESSAGE("alarms in 20000: " << alarms);
    BOOST_TEST(alarms <= 20u);
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused_and_changes_nothing) {
    wire l{1};
    l.play(20);
    const double rtt = l.filter.rtt_ms(), rate = l.filter.up_ms_per_byte();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    for (const double ms : {nan, inf, -inf, -5.0, 1e9})
      BOOST_TEST(!l.filter.observe({100}, ms, l.now));
    for (const double bytes : {nan, inf, -1.0, 1e15})
      BOOST_TEST(!l.filter.observe({bytes}, 40, l.now));
    BOOST_TEST(!l.filter.observe_rtt(0, l.now));
    BOOST_TEST(!l.filter.observe_rtt(nan, l.now));
    BOOST_TEST(!l.filter.restore(nan, 0, 0));
    BOOST_TEST(!l.filter.restore(40, -1, 0));
    BOOST_TEST(!l.filter.restore(40, 0, nan));
    for (const double bytes : {nan, inf, -1.0, 1e15})
      BOOST_TEST(!l.filter.observe({0, bytes}, 40, l.now));
    BOOST_TEST(l.filter.rtt_ms() == rtt);
    BOOST_TEST(l.filter.up_ms_per_byte() == rate);
  }

  BOOST_AUTO_TEST_CASE(the_covariance_stays_one_under_odd_observations) {
    for (uint64_t seed = 1; seed <= 50; ++seed) {
      BOOST_TEST_CONTEXT("seed " << seed) {
        wire l{seed};
        for (int i = 0; i < 500; ++i) {
          const way_bytes bytes{std::exp(14 * l.random.uniform()),
                                std::exp(14 * l.random.uniform())};
          l.filter.observe(bytes, std::exp(8 * l.random.uniform()),
                           l.now += from_ms(std::exp(9 * l.random.uniform())));
          const auto p = [&](int a, int b) { return l.filter.covariance(a, b); };
          for (int a = 0; a < 3; ++a)
            for (int b = 0; b < a; ++b) {
              BOOST_REQUIRE(p(a, b) == p(b, a));
              BOOST_REQUIRE(p(a, b) * p(a, b) <= p(a, a) * p(b, b));
            }
          BOOST_REQUIRE(l.filter.var(bytes) >= 0);
          BOOST_REQUIRE(l.filter.down_ms_per_byte() >= 0);
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_difference_just_below_zero_counts_as_zero) {
    network_estimator local{{0.05, 0.05, 0, 1e-9, 0.05, 1}};
    for (int i = 0; i < 50; ++i)
      BOOST_TEST(local.observe({100}, -0.5, time_point{} + from_ms(i)));
    BOOST_TEST(local.rtt_ms() < 0.05);
  }

  BOOST_AUTO_TEST_CASE(an_idle_link_grows_uncertain_up_to_a_bound) {
    wire l{1};
    l.play(100);
    const double known = l.filter.var({1e5});
    l.filter.advance(l.now + std::chrono::minutes{1});
    const double minute = l.filter.var({1e5});
    l.filter.advance(l.now + std::chrono::hours{1000});
    BOOST_TEST(minute > known);
    BOOST_TEST(l.filter.covariance(0, 0) <= 20 * 20 + 30 * 30);
  }

  BOOST_AUTO_TEST_SUITE_END()
