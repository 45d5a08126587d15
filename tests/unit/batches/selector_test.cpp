#include "libfaas/batches/selector.hpp"

#include "tests/unit/batches/stoic_runtimes.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::batches;
namespace tt = boost::test_tools;

namespace {

double stoic_total(stoic_selector& of, size_t runtime, double items) {
  return of.transfer_s(runtime, items) + of.deploy_s(runtime)
         + of.process_s(runtime, items);
}

/// A world that never changes: edge, cpu, gpu1, gpu2.
feedback steady(double items) {
  feedback of{items, true, {}, {}};
  of.runtimes = {{{}, 2 + 1.5 * items},
                 {15.0, 15 + items},
                 {14.0, 20 + 0.25 * items},
                 {25.0, 15 + 0.13 * items}};
  return of;
}

double total(const feedback& of, size_t r) {
  return of.runtimes[r].deploy_s.value_or(0) + *of.runtimes[r].process_s;
}

/// Mean seconds above the best runtime over the last hundred batches.
double late_regret(selector& by, bool full, uint64_t seed) {
  random_source random{seed};
  double sum = 0;
  for (int i = 0; i < 300; ++i) {
    auto of = steady(1 + std::floor(100 * random.uniform()));
    const auto chosen = *by.choose({of.items, {}});
    double best = total(of, 0);
    for (const size_t r : {1, 2, 3})
      best = std::min(best, total(of, r));
    if (i >= 200)
      sum += (total(of, chosen) - best) / 100;
    if (!full)
      for (size_t r = 0; r < 4; ++r)
        if (r != chosen)
          of.runtimes[r] = {};
    by.learn(of);
  }
  return sum;
}

} // namespace

BOOST_AUTO_TEST_SUITE(selector_test)

  BOOST_AUTO_TEST_CASE(stoic_without_history_has_its_published_break_evens) {
    stoic_selector of{stoic_runtimes()};
    // edge/cpu 18.6, edge/gpu1 29.6, edge/gpu2 33.5, cpu/gpu1 41.0,
    // gpu1/gpu2 94.7 items
    const auto even = [&](size_t one, size_t other) {
      const double at_0 = stoic_total(of, one, 0) - stoic_total(of, other, 0);
      const double at_1 = stoic_total(of, one, 1) - stoic_total(of, other, 1);
      return at_0 / (at_0 - at_1);
    };
    const auto near = tt::tolerance(0.004);
    BOOST_TEST(even(0, 1) == 18.6, near);
    BOOST_TEST(even(0, 2) == 29.6, near);
    BOOST_TEST(even(0, 3) == 33.5, near);
    BOOST_TEST(even(1, 2) == 41.0, near);
    BOOST_TEST(even(2, 3) == 94.7, near);
    BOOST_TEST(stoic_total(of, 2, 180) == 137, tt::tolerance(0.005));
    BOOST_TEST(stoic_total(of, 0, 545) == 1319, tt::tolerance(0.005));
    BOOST_TEST(*of.choose({18, {}}) == 0u);
    BOOST_TEST(*of.choose({19, {}}) == 1u);
    BOOST_TEST(*of.choose({95, {}}) == 3u);
  }

  BOOST_AUTO_TEST_CASE(stoic_learns_each_part) {
    stoic_selector of{stoic_runtimes()};
    of.learn(steady(20));
    BOOST_TEST(of.deploy_s(3) == 25);
    BOOST_TEST(of.process_s(0, 10) == 16); // one sample: y / x
    of.learn(steady(60));
    BOOST_TEST(of.process_s(0, 40) == 62, tt::tolerance(1e-3));
    BOOST_TEST(of.observe_bandwidth(35.3958));
    BOOST_TEST(of.transfer_s(1, 100) == 200 * 0.212 * 8 / 70.7916,
               tt::tolerance(1e-9));
    BOOST_TEST(of.transfer_s(0, 100) == 0);
  }

  BOOST_AUTO_TEST_CASE(runtimes_that_cannot_be_had_are_left_out) {
    stoic_selector stoic{stoic_runtimes()};
    petrel_selector petrel{stoic_runtimes()};
    linucb_selector linucb{stoic_runtimes(), 0.5};
    for (auto* of :
         std::initializer_list<selector*>{&stoic, &petrel, &linucb}) {
      BOOST_TEST(*of->choose({5, {false, false, false, true}}) == 3u);
      BOOST_TEST(!of->choose({5, {false, false, false, false}}));
      for (int i = 0; i < 20; ++i)
        BOOST_TEST(*of->choose({5, {false, true, true, true}}) != 0u);
    }
  }

  BOOST_AUTO_TEST_CASE(all_learn_a_steady_world) {
    for (uint64_t seed = 1; seed <= 5; ++seed) {
      petrel_config chance;
      chance.least = aim::regret_chance;
      petrel_config explores;
      explores.explore = true;
      petrel_selector petrel{stoic_runtimes()},
        careful{stoic_runtimes(), chance}, bandit{stoic_runtimes(), explores};
      stoic_selector stoic{stoic_runtimes()};
      linucb_selector linucb{stoic_runtimes(), 0.5};
      BOOST_TEST_CONTEXT("seed " << seed) {
        BOOST_TEST(late_regret(petrel, true, seed) < 1);
        BOOST_TEST(late_regret(careful, true, seed) < 1);
        BOOST_TEST(late_regret(stoic, true, seed) < 1);
        BOOST_TEST(late_regret(bandit, false, seed) < 6);
        BOOST_TEST(late_regret(linucb, true, seed) < 6);
      }
    }
  }

  BOOST_AUTO_TEST_CASE(parts_are_predicted_apart_and_add_up) {
    batch_predictor of{stoic_runtimes()};
    const auto all = of.predict(100);
    BOOST_TEST(all[0].transfer.expected_s == 0);
    BOOST_TEST(all[0].deploy.expected_s == 0);
    BOOST_TEST(all[3].transfer.expected_s == 100 * 0.212 * 8 / 70.7916,
               tt::tolerance(1e-9));
    for (const auto& one : all) {
      BOOST_TEST(one.total.expected_s
                   == one.transfer.expected_s + one.deploy.expected_s
                        + one.process.expected_s,
                 tt::tolerance(1e-9));
      BOOST_TEST(one.total.sd_s >= one.process.sd_s);
      BOOST_TEST(one.process.sd_s > 0);
    }
    BOOST_TEST(of.observe_bandwidth(7.07916));
    BOOST_TEST(of.predict(100)[3].transfer.expected_s
                 == 1000 * 0.212 * 8 / 70.7916,
               tt::tolerance(1e-9));
    for (const double bad :
         {0.0, -1.0, std::numeric_limits<double>::quiet_NaN()})
      BOOST_TEST(!of.observe_bandwidth(bad));
  }

  BOOST_AUTO_TEST_CASE(a_guessed_size_teaches_no_line) {
    batch_predictor of{stoic_runtimes()};
    auto guessed = steady(40);
    guessed.exact_items = false;
    guessed.best = 0;
    const double before = of.process().mean(0, 40);
    stoic_selector stoic{stoic_runtimes()};
    stoic.learn(guessed);
    BOOST_TEST(stoic.process_s(0, 40) == stoic_runtimes()[0].profile.at(40));
    BOOST_TEST(stoic.deploy_s(3) == 25);
    of.learn(guessed);
    BOOST_TEST(of.process().mean(0, 40) == before);
    BOOST_TEST(of.deploy().median(3) < 65);
  }

  BOOST_AUTO_TEST_CASE(the_same_seed_chooses_the_same) {
    petrel_selector one{stoic_runtimes()}, other{stoic_runtimes()};
    for (int n = 1; n < 60; ++n) {
      BOOST_TEST(*one.choose({double(n), {}})
                 == *other.choose({double(n), {}}));
      one.learn(steady(n));
      other.learn(steady(n));
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
