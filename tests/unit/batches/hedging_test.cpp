#include "libfaas/batches/hedging.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::batches;

namespace {

/// Half of the batches: A takes 10, B 40; the others the reverse; C always 24.
std::vector<scenario_draw> draws() {
  std::vector<scenario_draw> made;
  for (int i = 0; i < 200; ++i) {
    const double a = i % 2 ? 10 : 40;
    made.push_back({{}, {a - 5, 45 - a, 19}, {5, 5, 5}});
  }
  return made;
}

std::vector<bool> choose(double price, std::vector<progress> now = {{}, {}, {}},
                         size_t most = 4, batch next = {1, {}}) {
  random_source random{1};
  return choose_set(next, draws(), now, {price, most}, random);
}

using set = std::vector<bool>;

} // namespace

BOOST_AUTO_TEST_SUITE(hedging_test)

  BOOST_AUTO_TEST_CASE(a_second_one_starts_when_its_gain_exceeds_its_price) {
    // C alone 24; A and B 10 (1 + price): worth it below a price of 1.4.
    BOOST_TEST(choose(1.3) == (set{true, true, false}));
    BOOST_TEST(choose(1.5) == (set{false, false, true}));
    BOOST_TEST(choose(0.1, {{}, {}, {}}, 1) == (set{false, false, true}));
  }

  BOOST_AUTO_TEST_CASE(what_is_ready_changes_the_set) {
    // A is through its deployment: 5 s are left, nobody else is worth a price.
    const progress deployed{phase::processing, 0}, waits{phase::deploying, 5};
    BOOST_TEST(choose(0.1, {deployed, waits, {}}) == (set{true, false, false}));
    // A should be through but is not: it is one of its slow draws.
    const progress late{phase::deploying, 30};
    BOOST_TEST(choose(1.0, {late, {phase::dropped, 0}, {}})[0]);
  }

  BOOST_AUTO_TEST_CASE(a_stuck_deployment_brings_another_in) {
    const progress stuck{phase::deploying, 300}, out{phase::dropped, 0};
    BOOST_TEST(choose(0.1, {stuck, out, {}})[2]);
  }

  BOOST_AUTO_TEST_CASE(who_is_dropped_or_cannot_be_had_stays_out) {
    const progress out{phase::dropped, 0};
    BOOST_TEST(choose(0, {out, {}, {}})[0] == false);
    BOOST_TEST(choose(0, {{}, {}, {}}, 4, {1, {true, false, true}})[1]
               == false);
    BOOST_TEST(choose(0, {out, out, out}) == (set{false, false, false}));
    random_source random{1};
    BOOST_TEST(choose_set({1, {}}, {}, {{}, {}}, {}, random)
               == (set{false, false}));
  }

  BOOST_AUTO_TEST_CASE(the_duplicator_moves_when_the_rest_is_longer) {
    BOOST_TEST(moves_to_accelerator(100, 30, 60));
    BOOST_TEST(!moves_to_accelerator(100, 30, 70));
    BOOST_TEST(!moves_to_accelerator(100, 130, 1));
  }

  BOOST_AUTO_TEST_SUITE_END()
