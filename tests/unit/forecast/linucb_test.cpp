#include "libfaas/forecast/linucb.hpp"

#include "libfaas/core/random.hpp"
#include "tests/unit/forecast/reference_vectors.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace faas;
using namespace faas::forecast;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_SUITE(linucb_test)

  BOOST_AUTO_TEST_CASE(scores_are_those_of_the_regression_solved_anew) {
    using namespace reference;
    linucb bandit{2, 3, 1.5};
    size_t learned = 0, row = 0;
    for (const size_t count : {0, 1, 30}) {
      for (; learned < count; ++learned)
        bandit.observe(1, {bandit_x + 3 * learned, 3}, bandit_reward[learned]);
      BOOST_TEST(bandit.mean(1, bandit_probe) == bandit_scores[row],
                 tt::tolerance(1e-9));
      BOOST_TEST(bandit.score(1, bandit_probe) == bandit_scores[row + 1],
                 tt::tolerance(1e-9));
      row += 2;
    }
    BOOST_TEST(bandit.mean(0, bandit_probe) == 0); // arms are apart
  }

  BOOST_AUTO_TEST_CASE(finds_the_better_arm_of_each_context) {
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      random_source random{seed};
      linucb bandit{2, 2, 0.5};
      int right = 0;
      for (int i = 0; i < 400; ++i) {
        const double x = random.uniform();
        const std::vector<std::vector<double>> of{{1, x}, {1, x}};
        const auto arm = *bandit.choose(of);
        const double reward = arm == 0 ? 0.5 : x;
        bandit.observe(arm, of[arm], reward + 0.05 * random.normal());
        right += i >= 200 && (arm == 1) == (x > 0.5);
      }
      BOOST_TEST_CONTEXT("seed " << seed)
      BOOST_TEST(right >= 180);
    }
  }

  BOOST_AUTO_TEST_CASE(arms_without_features_are_left_out) {
    linucb bandit{3, 1, 1};
    BOOST_TEST(!bandit.choose({}));
    BOOST_TEST(!bandit.choose(std::vector<std::vector<double>>{{}, {}, {}}));
    BOOST_TEST(*bandit.choose(std::vector<std::vector<double>>{{}, {}, {1}})
               == 2u);
  }

  BOOST_AUTO_TEST_CASE(nonsense_is_refused) {
    linucb bandit{1, 2, 1};
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double good[] = {1, 2}, bad[] = {1, nan};
    BOOST_TEST(!bandit.observe(0, good, nan));
    BOOST_TEST(!bandit.observe(0, bad, 1));
    BOOST_TEST(bandit.mean(0, good) == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
