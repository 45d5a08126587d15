// Rollouts of two nodes with their real controller, links and ports, under load.
#include "tests/sim/nodes/sim_cluster.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::test;
using namespace std::chrono_literals;
using rollout::phase;
namespace data = boost::unit_test::data;

namespace {

const function_name f{"f"};

/// The edge takes 5 ms and the cloud 20 ms; version 2 is `slower` and fails as
/// it is told.
struct rollout_world {
  explicit rollout_world(unsigned seed) : net(seed), random(seed) {
    for (auto* node : {&net.edge, &net.cloud})
      node->answer = [this, node](const invocation& event) {
        return answer(*node, event);
      };
    net.connect();
    BOOST_REQUIRE(net.connected());
    net.cloud.deploy("f", false, {});
    net.advance(200ms);
    net.cloud.rollout = {{10, 50}, 5s};
  }

  reply answer(const sim_node& node, const invocation& event) {
    const bool canary = event.version == 2;
    ++ran[event.version];
    if (canary && random.uniform() < failing)
      return reply::failure({errc::function_failed, "it threw"});
    reply made;
    made.started = true;
    made.times.service
      = from_ms((&node == &net.edge ? 5 : 20) * (canary ? slower : 1)
                * std::exp(0.2 * random.normal()));
    return made;
  }

  /// Load on both nodes until the rollout ends, or for so long.
  void play(duration most) {
    for (duration t{}; t < most && under_way(); t += 20ms) {
      for (int i = 0; i < 4; ++i) {
        tokens.emplace_back(&net.edge, net.edge.submit("f"));
        tokens.emplace_back(&net.cloud, net.cloud.submit("f"));
      }
      net.advance(20ms, 20ms);
    }
    net.advance(200ms);
  }
  const function_record& record() {
    return net.cloud.catalog->state().functions.at(f);
  }
  const rollout_record& rollout() { return *record().traffic.rollout; }
  bool under_way() { return rollout().under_way(); }

  size_t failed() const {
    size_t n = 0;
    for (const auto& [node, token] : tokens)
      n += node->code(token) != errc::ok;
    return n;
  }
  /// Versions that 40 further events ran.
  std::map<uint32_t, int> versions_now() {
    ran.clear();
    for (int i = 0; i < 20; ++i) {
      net.edge.submit("f");
      net.cloud.submit("f");
    }
    net.advance(200ms);
    return ran;
  }

  sim_cluster net;
  random_source random;
  double slower = 1, failing = 0;
  std::map<uint32_t, int> ran;
  std::vector<std::pair<sim_node*, uint64_t>> tokens;
};

} // namespace

BOOST_AUTO_TEST_SUITE(rollout_sim_test)

BOOST_DATA_TEST_CASE(a_good_canary_is_promoted_by_itself, data::xrange(1u, 4u),
                     seed) {
  rollout_world w{seed};
  w.net.cloud.deploy("f", false, {}, 2);
  w.net.advance(20ms);
  BOOST_TEST((w.rollout().phase == phase::warming));
  w.play(3s);
  BOOST_TEST((w.rollout().phase == phase::stepping));
  BOOST_TEST(w.record().current == 1u);
  BOOST_TEST(w.ran[2] > 0);
  BOOST_TEST(w.ran[2] < w.ran[1] / 3);
  w.play(300s);
  BOOST_TEST((w.rollout().phase == phase::promoted));
  BOOST_TEST(w.record().current == 2u);
  BOOST_TEST(w.failed() == 0u);
  BOOST_TEST((w.versions_now() == std::map<uint32_t, int>{{2, 40}}));
}

BOOST_DATA_TEST_CASE(a_slow_canary_is_rolled_back_by_itself,
                     data::xrange(1u, 4u), seed) {
  rollout_world w{seed};
  w.slower = 1.6;
  w.net.cloud.deploy("f", false, {}, 2);
  w.play(300s);
  BOOST_TEST((w.rollout().phase == phase::rolled_back));
  BOOST_TEST(w.rollout().reason.starts_with("too slow"));
  BOOST_TEST(w.record().current == 1u);
  BOOST_TEST(w.failed() == 0u);
  BOOST_TEST((w.versions_now() == std::map<uint32_t, int>{{1, 40}}));
}

BOOST_AUTO_TEST_CASE(a_failing_canary_is_rolled_back_by_itself) {
  rollout_world w{7};
  w.failing = 0.3;
  w.net.cloud.deploy("f", false, {}, 2);
  w.play(300s);
  BOOST_TEST((w.rollout().phase == phase::rolled_back));
  BOOST_TEST(w.rollout().reason.starts_with("too many errors"));
  BOOST_TEST((w.versions_now() == std::map<uint32_t, int>{{1, 40}}));
}

BOOST_AUTO_TEST_CASE(evidence_of_the_other_node_counts) {
  // Only the edge has load, the controller is at the cloud.
  rollout_world w{8};
  w.slower = 2;
  w.net.cloud.deploy("f", false, {}, 2);
  for (int i = 0; i < 10'000 && (i < 100 || w.under_way()); ++i) {
    for (int n = 0; n < 4; ++n)
      w.net.edge.submit("f");
    w.net.advance(20ms, 20ms);
  }
  BOOST_TEST((w.rollout().phase == phase::rolled_back));
}

BOOST_AUTO_TEST_CASE(a_cut_link_does_not_blame_the_canary) {
  rollout_world w{9};
  w.net.cloud.deploy("f", false, {}, 2);
  w.play(3s);
  w.net.cut();
  w.play(3s);
  w.net.wire();
  w.net.advance(15s, 50ms);
  w.play(300s);
  BOOST_TEST((w.rollout().phase == phase::promoted));
}

BOOST_AUTO_TEST_SUITE_END()
