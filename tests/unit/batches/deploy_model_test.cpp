#include "libfaas/batches/deploy_model.hpp"

#include "libfaas/batches/student.hpp"
#include "tests/unit/batches/stoic_runtimes.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace faas;
using namespace faas::batches;
namespace tt = boost::test_tools;

namespace {

/// Deployments whose logs are load (shared) + noise around 20 s.
struct cluster {
  deploy_model model{stoic_runtimes()};
  random_source random;
  double load = 0, noise = 0.15;

  explicit cluster(uint64_t seed) : random(seed) {}
  double draw() { return 20 * std::exp(load + noise * random.normal()); }
  void play(int batches) {
    for (int i = 0; i < batches; ++i)
      model.learn({{}, {draw(), {}}, {draw(), {}}, {draw(), {}}});
  }
};

} // namespace

BOOST_AUTO_TEST_SUITE(deploy_model_test)

  BOOST_AUTO_TEST_CASE(starts_from_what_was_expected) {
    const deploy_model model{stoic_runtimes()};
    BOOST_TEST(model.median(0) == 0); // edge deploys nothing
    BOOST_TEST(model.median(1) == 18, tt::tolerance(1e-9));
    BOOST_TEST(model.median(3) == 65, tt::tolerance(1e-9));
    BOOST_TEST(model.log_sd(3) > 0.6);
  }

  BOOST_AUTO_TEST_CASE(finds_the_median_and_the_scatter) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      cluster of{seed};
      of.play(80);
      BOOST_TEST_CONTEXT("seed " << seed) {
        for (const size_t r : {1, 2, 3}) {
          BOOST_TEST(std::abs(std::log(of.model.median(r) / 20)) < 0.15);
          BOOST_TEST(of.model.log_sd(r) > 0.1);
          BOOST_TEST(of.model.log_sd(r) < 0.3);
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(load_of_the_cluster_warns_a_runtime_not_seen) {
    int warned = 0;
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      cluster of{seed};
      of.noise = 0.05;
      auto next = [&, phase = 0.0]() mutable {
        of.load = 0.5 * std::sin(phase += 0.15);
      };
      for (int i = 0; i < 3 * 42 - 10; ++i) { // load comes and goes, up to -0.5
        next();
        of.play(1);
      }
      for (int i = 0; i < 21; ++i) { // and on to 0.5
        next();
        of.model.learn({{}, {of.draw(), {}}, {of.draw(), {}}, {}});
      }
      BOOST_TEST_MESSAGE("median " << of.model.median(3));
      warned += of.model.median(3) > 20 * std::exp(0.2);
    }
    BOOST_TEST(warned >= 18);
  }

  BOOST_AUTO_TEST_CASE(one_stuck_deployment_moves_little) {
    for (uint64_t seed = 1; seed <= 20; ++seed) {
      cluster of{seed};
      of.play(40);
      const double before = of.model.median(3);
      of.model.learn({{}, {20.0, {}}, {20.0, {}}, {606.0, {}}});
      BOOST_TEST_CONTEXT("seed " << seed)
      BOOST_TEST(of.model.median(3) < 1.5 * before);
    }
  }

  BOOST_AUTO_TEST_CASE(draws_cover_what_comes) {
    int inside = 0, all = 0;
    for (uint64_t seed = 1; seed <= 10; ++seed) {
      cluster of{seed};
      of.play(40);
      for (int i = 0; i < 40; ++i) {
        std::vector<double> drawn;
        for (int k = 0; k < 200; ++k)
          drawn.push_back(of.model.draw(of.random).value(2));
        std::sort(drawn.begin(), drawn.end());
        const double next = of.draw();
        inside += next > drawn[10] && next < drawn[190];
        ++all;
        of.model.learn({{}, {of.draw(), {}}, {next, {}}, {of.draw(), {}}});
      }
    }
    BOOST_TEST_MESSAGE("in the 90 % interval: " << double(inside) / all);
    BOOST_TEST(double(inside) / all >= 0.84);
    BOOST_TEST(double(inside) / all <= 0.97);
  }

  BOOST_AUTO_TEST_CASE(missing_and_absurd_values_are_left_out) {
    cluster of{1};
    of.play(40);
    const double before = of.model.median(1);
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    for (const double bad : {nan, inf, 0.0, -5.0})
      of.model.learn({{}, {bad, {}}, {bad, {}}, {bad, {}}});
    of.model.learn({});
    BOOST_TEST(std::abs(std::log(of.model.median(1) / before)) < 0.15);
    BOOST_TEST(std::isfinite(of.model.draw(of.random).value(1)));
  }

  BOOST_AUTO_TEST_CASE(no_runtime_deploys) {
    deploy_model none{{{"edge", false, {1, 1}, 0, -1}}};
    none.learn({{3.0, {}}});
    random_source random{1};
    BOOST_TEST(none.median(0) == 0);
    BOOST_TEST(none.draw(random).value(0) == 0);
  }

  BOOST_AUTO_TEST_CASE(the_tail_is_students_t_of_four) {
    // Density at 0 is 3/8; F(2.132) = 0.95 (tables).
    BOOST_TEST(std::exp(tail_log_density(0, 1)) == 0.375, tt::tolerance(1e-9));
    BOOST_TEST(std::exp(tail_log_density(0, 4)) == 0.1875, tt::tolerance(1e-9));
    random_source random{3};
    int below = 0;
    for (int i = 0; i < 100'000; ++i)
      below += draw_tail(random) < 2.132;
    BOOST_TEST(below / 1e5 == 0.95, tt::tolerance(0.003));
  }

  BOOST_AUTO_TEST_SUITE_END()
