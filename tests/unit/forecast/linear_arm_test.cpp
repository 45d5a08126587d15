#include "libfaas/forecast/linear_arm.hpp"

#include "tests/unit/forecast/reference_vectors.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::forecast;
namespace tt = boost::test_tools;

BOOST_AUTO_TEST_SUITE(linear_arm_test)

  BOOST_AUTO_TEST_CASE(fixed_and_free_sizes_are_the_same_regression) {
    using namespace reference;
    linear_arm<3> fixed;
    linear_arm<Eigen::Dynamic> free{3};
    const Eigen::Vector3d probe{bandit_probe[0], bandit_probe[1],
                                bandit_probe[2]};
    for (size_t i = 0; i < 30; ++i) {
      const Eigen::Vector3d x{bandit_x[3 * i], bandit_x[3 * i + 1],
                              bandit_x[3 * i + 2]};
      fixed.observe(x, bandit_reward[i]);
      free.observe(x, bandit_reward[i]);
    }
    for (const double mean : {fixed.mean(probe), free.mean(probe)})
      BOOST_TEST(mean == bandit_scores[4], tt::tolerance(1e-9));
    for (const double width : {fixed.width(probe), free.width(probe)})
      BOOST_TEST(bandit_scores[4] + 1.5 * width == bandit_scores[5],
                 tt::tolerance(1e-9));
  }

  /// y = 3 for long, then 7: with the past forgotten the newer is believed.
  BOOST_AUTO_TEST_CASE(forgets_at_the_rate_that_is_asked_for) {
    const Eigen::Matrix<double, 1, 1> one{1.0};
    linear_arm<1> all, some;
    double weight = 1, sum = 0; // of the identity and what was seen
    for (int i = 0; i < 300; ++i) {
      const double y = i < 200 ? 3 : 7;
      all.observe(one, y);
      some.observe(one, y, 0.9);
      sum = 0.9 * sum + y;
      weight = 0.9 * weight + 1 + 0.1;
    }
    BOOST_TEST(all.mean(one) == 1300.0 / 301, tt::tolerance(1e-9));
    BOOST_TEST(some.mean(one) == sum / weight, tt::tolerance(1e-9));
    BOOST_TEST(some.width(one) == 1 / std::sqrt(weight), tt::tolerance(1e-9));
    BOOST_TEST(all.width(one) == 1 / std::sqrt(301.0), tt::tolerance(1e-9));
  }

  BOOST_AUTO_TEST_SUITE_END()
