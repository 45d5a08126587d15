#include "tools/stoic-replay/play.hpp"

#include "tests/unit/stoic/files.hpp"
#include "tools/stoic-replay/contenders.hpp"
#include "tools/stoic-replay/score.hpp"
#include "tools/stoic-replay/synthetic.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace faas;
using namespace faas::stoic;
namespace tt = boost::test_tools;

namespace {

std::vector<batches::runtime_spec> runtimes() {
  return *read_runtimes(data_files(), "authors_bayesian_ridge");
}

synthetic drawn(uint64_t seed, size_t batches = 60) {
  random_source random{seed};
  return draw_synthetic(runtimes(), random, batches);
}

measured_batch batch_of(double edge_s, double deploy_s, double process_s) {
  measured_batch one;
  one.items = 40;
  one.runtimes.assign(runtime_count, {deploy_s, process_s});
  one.runtimes[edge] = {{}, edge_s};
  one.total_s.fill(deploy_s + process_s);
  one.total_s[edge] = edge_s;
  return one;
}

double sum(const std::vector<double>& of) {
  return std::accumulate(of.begin(), of.end(), 0.0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(play_test)

  BOOST_AUTO_TEST_CASE(no_choice_depends_on_its_own_outcome) {
    // What was chosen for the last batch turns out to be the worst by far.
    for (const auto& who : contenders(runtimes(), runtimes(), 1)) {
      if (who.name == "oracle" || who.name == "worst" || who.hedges)
        continue;
      for (const size_t last : {0, 5, 30}) {
        auto of = drawn(3, last + 1);
        const auto before
          = play_all(*who.make(), of.whole, of.seen).back().chosen;
        for (auto* one : {&of.whole[last], &of.seen[last]}) {
          one->runtimes.assign(runtime_count, {1.0, 1.0});
          one->runtimes[before] = {5000.0, 5000.0};
          one->total_s.fill(2);
          one->total_s[before] = 10'000;
          one->best = (before + 1) % runtime_count;
        }
        BOOST_TEST_CONTEXT(who.name << ", batch " << last) {
          BOOST_TEST(play_all(*who.make(), of.whole, of.seen).back().chosen
                     == before);
        }
      }
    }
  }

  BOOST_AUTO_TEST_CASE(each_batch_is_played_and_then_learned) {
    struct spy final : player {
      std::vector<int> calls;
      played play(const measured_batch& one) override {
        calls.push_back(one.index);
        return {};
      }
      void learn(const measured_batch& one, size_t) override {
        calls.push_back(-one.index);
      }
    } by;
    const auto of = drawn(1, 4);
    play_all(by, of.whole, of.seen);
    const std::vector<int> expected{0, 0, 1, -1, 2, -2, 3, -3};
    BOOST_TEST(by.calls == expected, tt::per_element());
  }

  BOOST_AUTO_TEST_CASE(a_bandit_is_told_of_its_choice_only) {
    const auto one = drawn(1).whole.front();
    const auto bandit = feedback_of(one, feedback_kind::bandit, gpu1);
    for (size_t r = 0; r < runtime_count; ++r)
      BOOST_TEST(bandit.runtimes[r].process_s.has_value() == (r == gpu1));
    BOOST_TEST(!bandit.best);
    BOOST_TEST(!feedback_of(one, feedback_kind::full_no_label, 0).best);
    BOOST_TEST(*feedback_of(one, feedback_kind::full, 0).best == one.best);
  }

  BOOST_AUTO_TEST_CASE(free_hedging_is_the_oracle) {
    for (uint64_t seed = 1; seed <= 3; ++seed) {
      const auto of = drawn(seed);
      auto by = play_hedge(runtimes(), frozen_petrel(1), {0, 4});
      const auto did = play_all(*by, of.whole, of.seen);
      const std::vector<bool> every(of.whole.size(), true);
      BOOST_TEST_CONTEXT("seed " << seed) {
        BOOST_TEST(sum(regret(of.whole, did, every))
                   < 0.01 * oracle_sum(of.whole, every));
      }
    }
  }

  BOOST_AUTO_TEST_CASE(hedging_is_never_below_the_oracle_and_counts_its_work) {
    const auto of = drawn(7);
    for (const double price : {0.0, 0.05, 1.0}) {
      auto by = play_hedge(runtimes(), frozen_petrel(1), {price, 4});
      double extra = 0;
      for (const auto& one : of.whole) {
        const auto did = by->play(one);
        BOOST_TEST(*did.total_s
                   >= **std::min_element(one.total_s.begin(), one.total_s.end())
                        - 1e-9);
        BOOST_TEST(did.extra_process_s <= did.extra_s + 1e-9);
        BOOST_TEST(did.extra_s <= 3 * *did.total_s + 1e-9);
        extra += did.extra_s;
        by->learn(one, did.chosen);
      }
      BOOST_TEST_CONTEXT("price " << price)
      BOOST_TEST((extra > 0 || price == 1.0));
    }
  }

  BOOST_AUTO_TEST_CASE(the_duplicator_moves_or_stays) {
    // It expects 109 s at the edge and 41 s on gpu1 of 40 items.
    auto by = play_duplicator(runtimes(), gpu1, {});
    auto did = by->play(batch_of(110, 30, 50)); // 79 left > 41: moves
    BOOST_TEST(did.chosen == gpu1);
    BOOST_TEST(*did.total_s == 80);
    BOOST_TEST(did.extra_s == 30);
    did = by->play(batch_of(110, 75, 10)); // 34 left: stays
    BOOST_TEST(did.chosen == edge);
    BOOST_TEST(*did.total_s == 110);
    BOOST_TEST(did.extra_s == 75);
    BOOST_TEST(did.extra_process_s == 0);
    did = by->play(batch_of(20, 75, 10)); // done before it is ready
    BOOST_TEST(did.chosen == edge);
    BOOST_TEST(did.extra_s == 20);
  }

  BOOST_AUTO_TEST_CASE(batches_not_known_in_full_are_not_hedged) {
    auto one = batch_of(110, 30, 50);
    one.total_s[cpu].reset();
    auto by = play_hedge(runtimes(), frozen_petrel(1), {0, 4});
    BOOST_TEST(!by->play(one).total_s);
    BOOST_TEST(!play_duplicator(runtimes(), gpu2, {})->play(one).total_s);
  }

  BOOST_AUTO_TEST_CASE(synthetic_draws_repeat_and_hide_what_was_not_published) {
    const auto one = drawn(5, 154), other = drawn(5, 154), third = drawn(6);
    BOOST_TEST(one.whole.size() == 154u);
    BOOST_TEST(*one.whole[77].total_s[gpu2] == *other.whole[77].total_s[gpu2]);
    BOOST_TEST(*one.whole[7].total_s[gpu2] != *third.whole[7].total_s[gpu2]);
    int later = 0;
    for (const auto& of : one.whole)
      BOOST_TEST(of.complete());
    for (const auto& of : one.seen) {
      const int i = of.index;
      const bool early = i <= 2 || i == 6 || (i >= 10 && i <= 33);
      BOOST_TEST((of.complete() || !early));
      later += of.complete() && !early;
      BOOST_TEST(of.runtimes[gpu1].deploy_s.has_value());
    }
    BOOST_TEST(later < 30);
  }

  BOOST_AUTO_TEST_CASE(bootstrap_intervals_are_those_of_the_mean) {
    random_source random{1};
    std::vector<double> values;
    for (int i = 0; i < 400; ++i)
      values.push_back(5 + random.normal());
    const auto of = bootstrap(values, random, 1);
    BOOST_TEST(of.mean == 5, tt::tolerance(0.05));
    BOOST_TEST((of.high - of.low) / 2 == 1.96 / 20, tt::tolerance(0.15));
    const std::vector<double> same(30, 2.0);
    const auto flat = bootstrap(same, random);
    BOOST_TEST((flat.mean == 2 && flat.low == 2 && flat.high == 2));
    BOOST_TEST(bootstrap({}, random).mean == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
