#include "actors/predictor/choices.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::actors;

namespace {

structure::function with(const std::string& policy, size_t sites) {
  structure::function made;
  made.spec.petrel.policy = policy;
  made.targets.resize(sites);
  return made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(choices_test)

BOOST_AUTO_TEST_CASE(policies_that_go_by_predictions_compare_sites) {
  for (const auto policy :
       {"min-latency", "min-latency:explore=0.1", "deadline",
        "deadline:share=0.9", "weighted", "weighted:price=2", "sticky",
        "stoic"})
    BOOST_TEST(compares_sites(policy), policy);
}

BOOST_AUTO_TEST_CASE(others_do_not) {
  for (const auto policy : {"static", "static:edge-1/cpu", "random",
                            "round-robin", "p2c", "jsq", "ewma:alpha=0.3"})
    BOOST_TEST(!compares_sites(policy), policy);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_is_run_as_min_latency) {
  BOOST_TEST(compares_sites("of-a-newer-node"));
}

BOOST_AUTO_TEST_CASE(one_site_leaves_no_choice) {
  BOOST_TEST(!has_choice(with("deadline", 0)));
  BOOST_TEST(!has_choice(with("deadline", 1)));
  BOOST_TEST(has_choice(with("deadline", 2)));
  BOOST_TEST(!has_choice(with("random", 2)));
}

BOOST_AUTO_TEST_SUITE_END()
