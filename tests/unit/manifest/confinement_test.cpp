// To which nodes the needs of a function confine its events.
#include "libfaas/manifest/confinement.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;

namespace {

struct nodes {
  const string_map north{{"site", "north"}, {"camera", "yes"}}, none;
  const node_place edge{"edge-1", "edge", north},
    cloud{"cloud-1", "cloud", none};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(confinement_test, nodes)

  BOOST_AUTO_TEST_CASE(without_needs_every_node_is_allowed) {
    placement_needs needs;
    needs.memory_bytes = uint64_t{1} << 60; // no matter of where events go
    BOOST_TEST(!confines(needs));
    for (const auto& node : {edge, cloud}) {
      BOOST_TEST(allows(needs, node));
      BOOST_TEST(unmet(needs, node) == "");
    }
  }

  BOOST_AUTO_TEST_CASE(tiers_names_and_labels_confine_each_by_itself) {
    placement_needs tiers, names, labels;
    tiers.tiers = {"device", "edge"};
    names.nodes = {"edge-1", "edge-2"};
    labels.labels = {{"site", "north"}};
    for (const auto& needs : {tiers, names, labels}) {
      BOOST_TEST(confines(needs));
      BOOST_TEST(allows(needs, edge));
      BOOST_TEST(unmet(needs, edge) == "");
      BOOST_TEST(!allows(needs, cloud));
    }
    BOOST_TEST(unmet(tiers, cloud)
               == "needs tier device, edge, the node is cloud");
    BOOST_TEST(unmet(names, cloud) == "needs node edge-1, edge-2");
    BOOST_TEST(unmet(labels, cloud) == "needs label site=north");
  }

  BOOST_AUTO_TEST_CASE(all_of_several_needs_must_be_met) {
    placement_needs needs;
    needs.tiers = {"edge"};
    needs.nodes = {"edge-1"};
    needs.labels = {{"camera", "yes"}, {"site", "north"}};
    BOOST_TEST(allows(needs, edge));
    BOOST_TEST(!allows(needs, node_place{"edge-1", "cloud", north}));
    BOOST_TEST(!allows(needs, node_place{"edge-2", "edge", north}));
    const string_map elsewhere{{"camera", "yes"}, {"site", "south"}};
    BOOST_TEST(!allows(needs, node_place{"edge-1", "edge", elsewhere}));
    BOOST_TEST(unmet(needs, node_place{"edge-1", "edge", elsewhere})
               == "needs label site=north");
    BOOST_TEST(!allows(needs, node_place{"edge-1", "edge", none}));
  }

  BOOST_AUTO_TEST_SUITE_END()
