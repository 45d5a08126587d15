// Logs of worlds whose truth is known. A context is a number x in [0, 1); each
// of three choices has a mean latency that depends on it, and noise.
#include "libfaas/core/random.hpp"
#include "libfaas/decisions/off_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <vector>

using namespace faas;
using namespace faas::decisions;

namespace {

double mean_latency(int choice, double x) {
  switch (choice) {
  case 0: return 10 + 10 * x;
  case 1: return 20 - 8 * x;
  default: return 14;
  }
}

/// The policy that chose: prefers the first, but tries all.
double logging(int choice, double x) {
  return choice == 0 ? 0.5 : choice == 1 ? 0.1 + 0.2 * x : 0.4 - 0.2 * x;
}

/// The other one: the first for small x, else the second.
int wanted(double x) {
  return x < 0.5 ? 0 : 1;
}

/// What it takes in the mean: integral over x.
constexpr double truth = 0.5 * (10 + 2.5) + 0.5 * (20 - 6);

enum class model { exact, poor };

struct settings {
  size_t events = 2000;
  model with = model::exact;
  bool sampled = false; ///< slow contexts are logged less often
};

std::vector<logged_choice> make_log(uint64_t seed, const settings& s) {
  random_source random{seed};
  const auto predicted = [&](int choice, double x) {
    return s.with == model::exact ? mean_latency(choice, x) : 3.0 + choice;
  };
  std::vector<logged_choice> log;
  for (size_t i = 0; i < s.events; ++i) {
    const double x = random.uniform();
    int chosen = 0;
    for (double u = random.uniform(); chosen < 2;) {
      u -= logging(chosen, x);
      if (u < 0)
        break;
      ++chosen;
    }
    logged_choice one;
    one.logged = s.sampled ? 0.2 + 0.8 * (1 - x) : 1;
    if (random.uniform() >= one.logged)
      continue;
    one.latency = mean_latency(chosen, x) * std::exp(0.3 * random.normal())
                  / std::exp(0.045);
    one.propensity = logging(chosen, x);
    one.target = chosen == wanted(x) ? 1 : 0;
    one.model = predicted(chosen, x);
    one.target_model = predicted(wanted(x), x);
    log.push_back(one);
  }
  return log;
}

/// Mean and standard deviation of an estimate over seeds, and how often its
/// interval has the truth.
struct over_seeds {
  double mean = 0, deviation = 0, covered = 0;

  over_seeds(interval off_policy_result::* what, const settings& s,
             int seeds = 300) {
    double sum = 0, squares = 0;
    for (int i = 0; i < seeds; ++i) {
      const auto log = make_log(1000 + static_cast<uint64_t>(i), s);
      off_policy_options options;
      options.replicates = 200;
      options.seed = static_cast<uint64_t>(i);
      const auto got = evaluate(log, options).*what;
      sum += got.mean;
      squares += got.mean * got.mean;
      covered += got.low <= truth && truth <= got.high ? 1.0 / seeds : 0;
    }
    mean = sum / seeds;
    deviation = std::sqrt(squares / seeds - mean * mean);
    BOOST_TEST_MESSAGE("mean " << mean << " (truth " << truth << "), sd "
                               << deviation << ", covered " << covered);
  }

  /// Of the mean over 300 seeds; 4 standard errors.
  bool unbiased() const {
    return std::abs(mean - truth) < 4 * deviation / std::sqrt(300.0);
  }
};

using field = interval off_policy_result::*;
constexpr field inverse = &off_policy_result::inverse;
constexpr field normalised = &off_policy_result::self_normalised;
constexpr field robust = &off_policy_result::doubly_robust;

} // namespace

BOOST_AUTO_TEST_SUITE(off_policy_test)

BOOST_AUTO_TEST_CASE(inverse_propensity_is_unbiased_without_a_model) {
  const over_seeds got{inverse, {2000, model::poor}};
  BOOST_TEST(got.unbiased());
  BOOST_TEST(got.covered > 0.9);
}

BOOST_AUTO_TEST_CASE(self_normalised_varies_less_than_inverse) {
  const over_seeds plain{inverse, {}}, got{normalised, {}};
  BOOST_TEST(std::abs(got.mean - truth) < 0.05); // biased by order 1/n
  BOOST_TEST(got.deviation < 0.7 * plain.deviation);
  BOOST_TEST(got.covered > 0.92);
}

BOOST_AUTO_TEST_CASE(doubly_robust_with_a_good_model_varies_least) {
  const over_seeds plain{inverse, {}}, got{robust, {}};
  BOOST_TEST(got.unbiased());
  BOOST_TEST(got.covered > 0.92);
  BOOST_TEST(got.deviation < 0.5 * plain.deviation);
}

BOOST_AUTO_TEST_CASE(doubly_robust_is_unbiased_with_a_poor_model) {
  const settings poor{2000, model::poor};
  const over_seeds got{robust, poor};
  BOOST_TEST(got.unbiased());
  BOOST_TEST(got.covered > 0.92);
  const over_seeds alone{&off_policy_result::direct, poor};
  BOOST_TEST(!alone.unbiased());
}

BOOST_AUTO_TEST_CASE(a_sampled_log_is_weighted_back) {
  const settings sampled{4000, model::poor, true};
  const over_seeds got{robust, sampled};
  BOOST_TEST(std::abs(got.mean - truth) < 0.05);
  BOOST_TEST(got.covered > 0.92);
}

BOOST_AUTO_TEST_CASE(the_logged_mean_is_the_logs_own) {
  const std::vector<logged_choice> log{{10, 0.5, 1, 1, 9, 9},
                                       {20, 0.5, 0.5, 0, 9, 9}};
  const auto got = evaluate(log);
  BOOST_TEST(got.logged.mean == (10 + 2 * 20) / 3.0);
  BOOST_TEST(got.inverse.mean == 20.0 / 3);
  BOOST_TEST(got.self_normalised.mean == 10.0);
  BOOST_TEST(got.direct.mean == 9.0);
  BOOST_TEST(got.doubly_robust.mean == 9 + 2 * (10 - 9) / 3.0);
  BOOST_TEST(got.change.mean == got.doubly_robust.mean - got.logged.mean);
  BOOST_TEST(got.overlap == 2.0 / 3);
}

BOOST_AUTO_TEST_CASE(what_has_no_probability_is_left_out) {
  const auto nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<logged_choice> log(3, {10, 1, 1, 1, 10, 10});
  log.push_back({99, 0, 1, 1, 10, 10});
  log.push_back({99, -1, 1, 1, 10, 10});
  log.push_back({99, 1.5, 1, 1, 10, 10});
  log.push_back({99, 1, 0, 1, 10, 10});
  log.push_back({99, nan, 1, 1, 10, 10});
  log.push_back({nan, 1, 1, 1, 10, 10});
  log.push_back({99, 1, 1, 1, nan, 10});
  const auto got = evaluate(log);
  BOOST_TEST(got.events == 3u);
  BOOST_TEST(got.unusable == 7u);
  BOOST_TEST(got.doubly_robust.mean == 10.0);
}

BOOST_AUTO_TEST_CASE(without_overlap_only_the_model_speaks) {
  // A policy without lots chose another site each time.
  const std::vector<logged_choice> log(100, {10, 1, 1, 0, 9, 7});
  const auto got = evaluate(log);
  BOOST_TEST(got.overlap == 0.0);
  BOOST_TEST(got.effective == 0.0);
  BOOST_TEST(std::isnan(got.inverse.mean));
  BOOST_TEST(std::isnan(got.self_normalised.low));
  BOOST_TEST(got.doubly_robust.mean == 7.0);
  BOOST_TEST(got.change.mean == -3.0);
}

BOOST_AUTO_TEST_CASE(large_weights_are_cut_and_counted) {
  std::vector<logged_choice> log(99, {10, 0.5, 1, 0, 10, 10});
  log.push_back({10, 0.001, 1, 1, 10, 10});
  const auto got = evaluate(log, {50, 10, 1});
  BOOST_TEST(got.clipped == 1u);
  BOOST_TEST(got.largest_weight == 50.0);
  BOOST_TEST(got.effective == 1.0);
}

BOOST_AUTO_TEST_CASE(an_empty_log_has_no_estimates) {
  const auto got = evaluate({});
  BOOST_TEST(got.events == 0u);
  BOOST_TEST(std::isnan(got.logged.mean));
  BOOST_TEST(std::isnan(got.doubly_robust.high));
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_interval) {
  const auto log = make_log(1, {});
  const auto a = evaluate(log), b = evaluate(log);
  BOOST_TEST(a.doubly_robust.low == b.doubly_robust.low);
  BOOST_TEST(a.doubly_robust.low < a.doubly_robust.mean);
  BOOST_TEST(a.doubly_robust.mean < a.doubly_robust.high);
}

BOOST_AUTO_TEST_SUITE_END()
