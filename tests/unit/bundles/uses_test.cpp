// What bundles are kept for.
#include "samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>

using namespace faas;
using namespace faas::bundles;

namespace {

bool says(const use_map& uses, uint8_t bundle, const std::string& why) {
  const auto found = uses.find(id_of(bundle));
  return found != uses.end()
         && std::any_of(found->second.begin(), found->second.end(),
                        [&](const use& one) { return one.why == why; });
}

bool spare(const use_map& uses, uint8_t bundle) {
  const auto& all = uses.at(id_of(bundle));
  return std::all_of(all.begin(), all.end(),
                     [](const use& one) { return one.spare; });
}

} // namespace

BOOST_AUTO_TEST_SUITE(uses_test)

  BOOST_AUTO_TEST_CASE(versions_are_kept_by_their_distance_from_the_current) {
    catalog_state state;
    state.functions[function_name{"f"}] = record_of("f", 10, 9, 7);
    const auto uses = uses_of(state, {});
    BOOST_TEST(says(uses, 17, "current version of f"));
    for (const uint8_t n : {19, 18, 16, 15, 14}) {
      BOOST_TEST(says(uses, n, "rollback target of f"), int(n));
      BOOST_TEST(!spare(uses, n));
    }
    for (const uint8_t n : {13, 12, 11}) {
      BOOST_TEST(says(uses, n, "older version of f"), int(n));
      BOOST_TEST(spare(uses, n));
    }
    BOOST_TEST(uses.at(id_of(17)).front().user == "f:7");
    BOOST_TEST(!uses.contains(id_of(20)));
  }

  BOOST_AUTO_TEST_CASE(aliases_weights_and_rollouts_keep_old_versions) {
    catalog_state state;
    auto record = record_of("f", 10, 9, 9);
    record.traffic.aliases["prod"] = 1;
    record.traffic.weights[2] = 10;
    rollout_record rollout;
    rollout.version = 3;
    rollout.from = 4;
    rollout.phase = rollout::phase::stepping;
    record.traffic.rollout = rollout;
    state.functions[function_name{"f"}] = record;
    auto uses = uses_of(state, {});
    BOOST_TEST(says(uses, 11, "alias prod of f"));
    BOOST_TEST(says(uses, 12, "has a share of f"));
    BOOST_TEST(says(uses, 13, "is being rolled out for f"));
    BOOST_TEST(says(uses, 14, "rollout of f may go back to it"));
    for (const uint8_t n : {11, 12, 13, 14})
      BOOST_TEST(!spare(uses, n));
    BOOST_TEST(spare(uses, 15));
    record.traffic.rollout->phase = rollout::phase::promoted;
    state.functions[function_name{"f"}] = record;
    uses = uses_of(state, {});
    BOOST_TEST(spare(uses, 13));
  }

  BOOST_AUTO_TEST_CASE(what_nodes_have_is_kept_also_of_removed_functions) {
    const auto uses
      = uses_of({}, {{{function_name{"gone"}, 4}, node_name{"edge-1"},
                      {id_of(1), id_of(2)}}});
    for (const uint8_t n : {1, 2}) {
      BOOST_TEST(says(uses, n, "is on edge-1"));
      BOOST_TEST(uses.at(id_of(n)).front().user == "gone:4");
    }
  }

  BOOST_AUTO_TEST_CASE(every_platform_s_bundle_counts) {
    catalog_state state;
    auto record = record_of("f", 10, 1, 1);
    auto& platforms = record.versions[1].spec.petrel.platforms;
    platforms.resize(3);
    platforms[0].bundle = id_of(11); // the version's own
    platforms[1].bundle = id_of(50);
    state.functions[function_name{"f"}] = record;
    const auto uses = uses_of(state, {});
    BOOST_TEST(uses.size() == 2u);
    BOOST_TEST(says(uses, 50, "current version of f"));
    BOOST_TEST(uses.at(id_of(11)).size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(one_bundle_of_two_functions_has_two_users) {
    catalog_state state;
    state.functions[function_name{"f"}] = record_of("f", 10, 1, 1);
    state.functions[function_name{"g"}] = record_of("g", 10, 1, 1);
    const auto uses = uses_of(state, {});
    BOOST_TEST(uses.at(id_of(11)).size() == 2u);
  }

  BOOST_AUTO_TEST_SUITE_END()
