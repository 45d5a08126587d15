// Linear fits: what they recover, and what exploring with them costs.
#include "trained.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cmath>

using namespace faas;
using namespace faas::routing;

namespace {

event_features sized(double size) {
  event_features made;
  made.size = size;
  return made;
}

/// What is seen at site 0 where an event takes 12 + 3 size + 5 in flight.
std::vector<outcome> linear(int count, double noise, random_source& random) {
  std::vector<outcome> made;
  for (int i = 0; i < count; ++i) {
    auto one = took(0, 0);
    one.size = 1 + 9 * random.uniform();
    one.in_flight = static_cast<double>(random.below(6));
    one.total_ms
      = 12 + 3 * one.size + 5 * one.in_flight + noise * random.normal();
    made.push_back(one);
  }
  return made;
}

/// Three sites, best by size: 60 always, 20 + 10 size, 5 + 20 size; in a
/// stationary world with noise of 10 ms.
struct bandit_run {
  std::vector<double> regrets; ///< of the events, in their order
  double mean(size_t from, size_t to) const {
    double sum = 0;
    for (size_t i = from; i < to; ++i)
      sum += regrets[i];
    return sum / static_cast<double>(to - from);
  }
};

bandit_run played(const std::string& policy, uint64_t seed, size_t events) {
  random_source world{seed}, choices{seed + 1000};
  auto rule = std::move(*make_policy(policy));
  bandit_run made;
  for (size_t i = 0; i < events; ++i) {
    const double size = 6 * world.uniform();
    const std::array<double, 3> mean{60, 20 + 10 * size, 5 + 20 * size};
    const auto chosen
      = rule->choose(in_flight({0, 0, 0}), sized(size), choices, after(0))
          .chosen;
    auto seen = took(chosen, mean[chosen] + 10 * world.normal());
    seen.size = size;
    rule->ended(seen);
    made.regrets.push_back(mean[chosen]
                           - *std::min_element(mean.begin(), mean.end()));
  }
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(regression_test)

  BOOST_AUTO_TEST_CASE(ridge_recovers_a_linear_site) {
    random_source random{4};
    const auto seen = linear(50, 0, random);
    for (const auto& [size, waiting] :
         {std::pair{1.0, 0.0}, {10.0, 0.0}, {5.0, 3.0}, {20.0, 10.0}}) {
      const auto ms = expected_ms({"ridge:explore=0,lambda=1e-6", seen, 0,
                                   sized(size), waiting});
      BOOST_CHECK_CLOSE(ms, 12 + 3 * size + 5 * waiting, 1e-3);
    }
  }

  BOOST_AUTO_TEST_CASE(ridge_shrinks_slopes_but_not_the_mean) {
    // One feature of two values, scaled to 1 and -1: slope n / (n + lambda).
    std::vector<outcome> seen;
    for (int i = 0; i < 40; ++i) {
      seen.push_back(took(0, i % 2 ? 30 : 10));
      seen.back().size = i % 2 ? 3 : 1;
    }
    for (const double lambda : {1.0, 40.0, 1e6}) {
      const auto ms
        = expected_ms({"ridge:explore=0,lambda=" + std::to_string(lambda), seen,
                       0, sized(3)});
      BOOST_CHECK_CLOSE(ms, 20 + 10 * 40 / (40 + lambda), 1e-4);
    }
  }

  BOOST_AUTO_TEST_CASE(ridge_is_as_good_as_its_noise_allows) {
    // At the centre the error is noise / sqrt(n).
    double square = 0;
    for (uint64_t seed = 1; seed <= 15; ++seed) {
      random_source random{seed};
      const auto ms
        = expected_ms({"ridge:explore=0,lambda=0.01",
                       linear(50, 10, random), 0, sized(5.5), 2.5});
      square += std::pow(ms - (12 + 3 * 5.5 + 5 * 2.5), 2) / 15;
    }
    BOOST_TEST_MESSAGE("seeds 1 to 15: error " << std::sqrt(square));
    BOOST_TEST(std::sqrt(square) < 1.4 * 10 / std::sqrt(50));
    BOOST_TEST(std::sqrt(square) > 0.6 * 10 / std::sqrt(50));
  }

  BOOST_AUTO_TEST_CASE(ridge_without_the_queue_is_blind_to_it) {
    // As STOIC's: what waits is in its noise, and it herds.
    random_source random{4};
    const auto seen = linear(50, 0, random);
    const auto at = [&](int queue, double waiting) {
      return expected_ms({"ridge:explore=0,queue=" + std::to_string(queue),
                          seen, 0, sized(5), waiting});
    };
    BOOST_CHECK_CLOSE(at(0, 0), at(0, 10), 1e-6);
    BOOST_TEST(at(1, 10) - at(1, 0) > 45);
  }

  BOOST_AUTO_TEST_CASE(ridge_follows_a_change_after_its_window) {
    random_source random{4};
    auto seen = linear(50, 0, random);
    for (auto& one : linear(50, 0, random)) {
      one.total_ms *= 3;
      seen.push_back(one);
    }
    BOOST_CHECK_CLOSE(expected_ms({"ridge:explore=0,lambda=1e-6", seen, 0,
                                   sized(5), 0}),
                      3 * (12 + 3 * 5.0), 1e-3);
  }

  BOOST_AUTO_TEST_CASE(linucb_is_algorithm_1) {
    // n events of the same features x that took v: theta x = v s / (1 + s) and
    // width = |x| / sqrt(1 + s), s = n |x|^2. Site 1 has 20 of `even` ms, with
    // which both bounds are the same.
    const double size = 2, square = 1 + size * size;
    const auto shrunk = [&](int n) { return n * square / (1 + n * square); };
    const auto width = [&](int n) {
      return std::sqrt(square / (1 + n * square));
    };
    const auto chosen = [&](double alpha, int n, double level) {
      auto rule
        = std::move(*make_policy("linucb:alpha=" + std::to_string(alpha)));
      for (int i = 0; i < n + 20; ++i) {
        auto one = i < n ? took(0, 50) : took(1, level);
        one.size = size;
        rule->ended(one);
      }
      random_source random{1};
      return rule->choose(in_flight({0, 0}), sized(size), random, after(0))
        .chosen;
    };
    for (const double alpha : {0.0, 0.5, 2.0})
      for (const int n : {1, 4, 25}) {
        // 50 shrunk(n) - alpha m width(n) = even shrunk(20) - alpha m width(20)
        // where m = (50 n + 20 even) / (n + 20).
        const double wider = alpha * (width(n) - width(20)) / (n + 20);
        const double even = 50 * (shrunk(n) - n * wider)
                            / (shrunk(20) + 20 * wider);
        if (even <= 0)
          continue; // never even: one event alone, a wide bound
        BOOST_TEST_CONTEXT("alpha " << alpha << ", n " << n) {
          BOOST_TEST(chosen(alpha, n, even * 0.9999) == 1);
          BOOST_TEST(chosen(alpha, n, even * 1.0001) == 0);
        }
      }
  }

  BOOST_AUTO_TEST_CASE(regret_of_linucb_falls_with_the_events) {
    // Its sum grows like sqrt(T), or slower: over 16 times as many events, the
    // mean falls to a fourth or less.
    double early = 0, late = 0;
    for (uint64_t seed = 1; seed <= 4; ++seed) {
      const auto run = played("linucb", seed, 1600);
      early += run.mean(0, 100) / 4;
      late += run.mean(0, 1600) / 4;
    }
    BOOST_TEST_MESSAGE("seeds 1 to 4: mean regret " << early << " ms of 100, "
                                                     << late << " of 1600");
    BOOST_TEST(late < early / 4);
    BOOST_TEST(early < 3);
    BOOST_TEST(late > 0);
  }

  BOOST_AUTO_TEST_CASE(greedy_can_be_locked_in_linucb_not) {
    std::array<int, 2> locked{};
    double worst[2] = {0, 0};
    for (uint64_t seed = 1; seed <= 16; ++seed)
      for (const int bound : {0, 1}) {
        const auto run
          = played(bound ? "linucb" : "linucb:alpha=0", seed, 300);
        const double end = run.mean(200, 300);
        locked[bound] += end > 2;
        worst[bound] = std::max(worst[bound], end);
      }
    BOOST_TEST_MESSAGE("seeds 1 to 16: locked in: greedy "
                       << locked[0] << ", worst " << worst[0] << " ms; linucb "
                       << locked[1] << ", worst " << worst[1] << " ms");
    BOOST_TEST(locked[0] >= 4);
    BOOST_TEST(locked[1] == 0);
  }

BOOST_AUTO_TEST_SUITE_END()
