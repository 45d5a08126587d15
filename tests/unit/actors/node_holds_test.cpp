// Which nodes hold versions in memory, by what they say of their load.
#include "actors/control/node_holds.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;

namespace {

const node_name edge{"edge-1"}, cloud{"cloud-1"};
const function_name f{"f"};
const version_ref first{f, 1};

struct world {
  controller_core core{catalog_state{}};
  node_holds holds;
  time_point now = time_point{} + 1h;
  function_spec spec;

  world() {
    spec.name = f;
    spec.petrel.artifact = "f.so";
    spec.petrel.concurrency = 4;
    spec.petrel.scale.min = 0;
    for (const auto& name : {edge, cloud}) {
      node_record node;
      node.name = name;
      node.tier = name.str().substr(0, name.str().find('-'));
      node.runtimes = {"native"};
      core.node_seen(node);
    }
  }
  template <class Command, class... More>
  void carry_out(const Command& command, More... more) {
    const auto change = plan(core.catalog(), command, more...);
    BOOST_REQUIRE(change);
    core.apply(*change);
  }
  void deploy() {
    deploy_command command;
    command.spec = spec;
    carry_out(command, wall_time{});
    ready({edge, cloud});
  }
  void ready(std::vector<node_name> on,
             instance_state state = instance_state::ready) {
    for (const auto& node : on) {
      placement at;
      at.version = first;
      at.status.node = node;
      at.status.version = 1;
      at.status.state = state;
      at.status.slots = 4;
      core.reported(node, {at});
    }
  }
  /// Of 100 ms each.
  void say(const node_name& node, double rate, uint32_t slots = 4) {
    holds.note(node, {{{first, rate, 100ms, 1, 1, slots}}}, now);
  }
  bool decide() { return holds.decide(now, core); }
  std::set<node_name> held() const {
    auto view = core.view();
    holds.stamp(view);
    return view.versions.empty() ? std::set<node_name>{}
                                 : view.versions[0].held;
  }
};

const std::set<node_name> both{edge, cloud}, none{};

} // namespace

BOOST_FIXTURE_TEST_SUITE(node_holds_test, world)

BOOST_AUTO_TEST_CASE(a_load_beyond_one_node_is_held_on_two) {
  deploy();
  BOOST_TEST(!decide());
  say(edge, 20);
  BOOST_TEST(!decide()); // 4 instances are enough
  BOOST_TEST(holds.why(first).find("one node is enough") == 0u);
  say(edge, 50);
  BOOST_TEST(decide());
  BOOST_TEST((held() == both));
  BOOST_TEST(holds.why(first).find("held on cloud-1, edge-1") == 0u);
  BOOST_TEST(!decide()); // nothing new
}

BOOST_AUTO_TEST_CASE(a_node_that_says_nothing_more_has_no_load) {
  deploy();
  say(edge, 50);
  decide();
  now += node_holds::lasting + 1ms;
  BOOST_TEST(!decide()); // the hold time
  BOOST_TEST((held() == both));
  now += 21s;
  BOOST_TEST(decide());
  BOOST_TEST((held() == none));
  BOOST_TEST(holds.why(first).empty());
}

BOOST_AUTO_TEST_CASE(never_on_a_node_that_does_not_fit_or_is_not_ready) {
  spec.petrel.needs.tiers = {"edge"};
  deploy();
  say(edge, 500);
  say(cloud, 500); // whatever it says
  decide();
  BOOST_TEST((held() == none));
  BOOST_TEST(holds.why(first).find("one node fits") == 0u);
}

BOOST_AUTO_TEST_CASE(a_node_that_leaves_fails_or_is_cordoned_is_held_no_more) {
  deploy();
  say(edge, 50);
  decide();
  ready({cloud}, instance_state::quarantined);
  BOOST_TEST(decide());
  BOOST_TEST((held() == none));
  ready({cloud});
  BOOST_TEST(decide());
  core.set_duty(cloud, {node_duty::cordoned, {first}});
  BOOST_TEST(decide());
  BOOST_TEST((held() == none));
  core.set_duty(cloud, {});
  BOOST_TEST(decide());
  core.node_left(cloud);
  BOOST_TEST(decide());
  BOOST_TEST((held() == none));
}

BOOST_AUTO_TEST_CASE(what_stays_in_memory_anyway_is_not_held) {
  spec.petrel.scale.min = 1;
  deploy();
  say(edge, 500);
  BOOST_TEST(!decide());
  BOOST_TEST((held() == none));
  carry_out(scale_command{{}, f, 0, "ada"}); // now it may go
  say(edge, 500);
  BOOST_TEST(decide());
  BOOST_TEST((held() == both));
  carry_out(scale_command{{}, f, 2, "ada"});
  BOOST_TEST(decide());
  BOOST_TEST((held() == none));
}

BOOST_AUTO_TEST_CASE(a_removed_function_is_forgotten) {
  deploy();
  say(edge, 50);
  decide();
  carry_out(remove_command{{}, f, "ada"});
  decide();
  BOOST_TEST(holds.why(first).empty());
}

BOOST_AUTO_TEST_CASE(numbers_that_are_none_are_no_load) {
  deploy();
  for (const auto rate : {-1.0, std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()}) {
    say(edge, rate, 0);
    BOOST_TEST(!decide());
  }
  holds.note(edge, {{{first, 1e300, duration::min(), 1, 1, 0xffffffff}}}, now);
  decide();
  BOOST_TEST((held() == none));
}

BOOST_AUTO_TEST_SUITE_END()
