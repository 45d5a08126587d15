#include "libfaas/ports/admin_port.hpp"

#include <boost/test/unit_test.hpp>
#include <set>

using namespace faas;

BOOST_AUTO_TEST_SUITE(admin_port_test)

  BOOST_AUTO_TEST_CASE(only_ready_placements_of_the_current_version_count) {
    function_status status;
    status.version = 2;
    BOOST_TEST(status.available() == 0);
    const auto add = [&](uint32_t version, instance_state state) {
      placement_status placement;
      placement.version = version;
      placement.state = state;
      status.placements.push_back(placement);
    };
    add(2, instance_state::ready);
    add(1, instance_state::ready);
    add(2, instance_state::loading);
    add(2, instance_state::ready);
    add(2, instance_state::draining);
    BOOST_TEST(status.available() == 2);
  }

  BOOST_AUTO_TEST_CASE(asked_for_instances_are_counted) {
    function_status status;
    status.version = 2;
    const auto add = [&](instance_state state, string_map facts = {}) {
      placement_status placement;
      placement.version = 2;
      placement.state = state;
      placement.facts = std::move(facts);
      status.placements.push_back(placement);
    };
    add(instance_state::ready, {{"instances", "3 (1 to 4)"}});
    add(instance_state::ready); // an older node
    add(instance_state::loading);
    add(instance_state::pending); // may be no candidate
    add(instance_state::failed);
    BOOST_TEST(status.replicas() == 4u);
    BOOST_TEST(status.available() == 2u);
    status.least = 2;
    BOOST_TEST(status.replicas() == 6u);
    BOOST_TEST(status.available() == 4u);
    status.least = 0;
    status.placements[0].facts["instances"] = "0 (1 to 4)";
    status.placements[1].facts["instances"] = "0 (1 to 4)";
    BOOST_TEST(status.replicas() == 0u);
    BOOST_TEST(status.available() == 0u);
  }

  BOOST_AUTO_TEST_CASE(every_state_has_a_name_of_its_own) {
    std::set<std::string_view> names;
    for (uint8_t i = 0; i <= static_cast<uint8_t>(instance_state::quarantined);
         ++i)
      names.insert(name(static_cast<instance_state>(i)));
    BOOST_TEST(names.size() == 7);
    BOOST_TEST(names.count("unknown") == 0);
    BOOST_TEST(name(node_state::suspect) == "suspect");
    BOOST_TEST(name(static_cast<node_state>(99)) == "unknown");
    BOOST_TEST(name(static_cast<instance_state>(99)) == "unknown");
  }

  BOOST_AUTO_TEST_SUITE_END()
