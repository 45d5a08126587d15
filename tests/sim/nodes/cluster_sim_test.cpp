// Membership, links, agents and ports of two nodes, under several orders.
#include "tests/sim/nodes/sim_cluster.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::test;
using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

namespace {

const auto seeds = data::xrange(1u, 7u);

using names = std::vector<std::string>;

bool logged(const sim_node& node, const std::string& part) {
  for (const auto& line : node.log)
    if (line.find(part) != std::string::npos)
      return true;
  return false;
}

/// Connected, with function "f" on both nodes.
void deploy_everywhere(sim_cluster& net, bool idempotent) {
  net.connect();
  BOOST_REQUIRE(net.connected());
  net.cloud.deploy("f", idempotent, {});
  net.advance(200ms);
  BOOST_REQUIRE((net.edge.candidates("f") == names{"cloud-1", "edge-1"}));
}

/// Four events on the edge, two of them at the cloud, unanswered there.
std::vector<uint64_t> two_at_the_cloud(sim_cluster& net) {
  net.cloud.hold = true;
  std::vector<uint64_t> tokens;
  for (int i = 0; i < 4; ++i)
    tokens.push_back(net.edge.submit("f"));
  net.advance(50ms);
  BOOST_REQUIRE_EQUAL(net.cloud.held().size(), 1u);
  BOOST_REQUIRE_EQUAL(net.cloud.held()[0]->waiting.size(), 2u);
  return tokens;
}

int count(const sim_node& node, const std::vector<uint64_t>& tokens,
          errc outcome) {
  int n = 0;
  for (const auto token : tokens)
    n += node.got->has(token) && node.code(token) == outcome;
  return n;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cluster_sim_test)

BOOST_DATA_TEST_CASE(a_view_reaches_the_edge_and_events_run_over_there, seeds,
                     seed) {
  sim_cluster net{seed};
  net.connect();
  BOOST_REQUIRE(net.connected());
  BOOST_TEST(net.cloud.nodes().size() == 2u);
  net.cloud.deploy("f", false, {"cloud"});
  net.advance(200ms);
  BOOST_REQUIRE((net.edge.candidates("f") == names{"cloud-1"}));
  const auto token = net.edge.submit("f");
  net.advance(50ms);
  BOOST_TEST((net.edge.code(token) == errc::ok));
  BOOST_TEST(net.edge.got->wait(token).site == "cloud-1/cpu");
  // And the other way round.
  net.cloud.deploy("g", false, {"edge"});
  net.advance(200ms);
  const auto back = net.cloud.submit("g");
  net.advance(50ms);
  BOOST_TEST((net.cloud.code(back) == errc::ok));
}

BOOST_AUTO_TEST_CASE(a_peer_of_another_cluster_is_refused_with_the_reason) {
  sim_cluster net{1};
  net.edge.self.cluster = "other";
  net.connect();
  BOOST_TEST(!net.connected());
  BOOST_TEST(net.cloud.nodes().size() == 1u);
  BOOST_TEST(logged(net.edge, "cluster"));
}

BOOST_AUTO_TEST_CASE(a_peer_of_another_protocol_is_refused_with_both_ranges) {
  sim_cluster net{1};
  net.edge.self.min_protocol = wire::max_protocol + 1;
  net.edge.self.max_protocol = wire::max_protocol + 3;
  net.connect();
  BOOST_TEST(!net.connected());
  BOOST_TEST(logged(net.edge, "protocol"));
}

BOOST_DATA_TEST_CASE(this_protocol_and_the_one_before_work_together, seeds,
                     seed) {
  for (const bool old_cloud : {false, true}) {
    sim_cluster net{seed};
    (old_cloud ? net.cloud : net.edge).self.max_protocol
      = wire::max_protocol - 1;
    deploy_everywhere(net, false);
    for (const auto& node : net.edge.nodes())
      if (!node.self)
        BOOST_TEST(node.protocol == wire::max_protocol - 1);
    std::vector<uint64_t> tokens;
    for (int i = 0; i < 4; ++i)
      tokens.push_back(net.edge.submit("f"));
    net.advance(50ms);
    BOOST_TEST(count(net.edge, tokens, errc::ok) == 4);
    // One that knows of no duties sends a cordoned node nothing all the same.
    net.cloud.steer(node_command::what::cordon, "cloud-1");
    net.advance(100ms);
    BOOST_TEST((net.edge.candidates("f") == names{"edge-1"}));
    BOOST_TEST((net.cloud.candidates("f") == names{"cloud-1", "edge-1"}));
  }
}

BOOST_DATA_TEST_CASE(a_drained_node_ends_what_it_has_and_gets_no_more, seeds,
                     seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, false);
  const auto tokens = two_at_the_cloud(net);
  for (const auto& host : net.cloud.hosts.hosts)
    host->close_at_once = false; // it has events
  net.cloud.steer(node_command::what::drain, "cloud-1");
  net.advance(100ms);
  BOOST_TEST((net.edge.candidates("f") == names{"edge-1"}));
  BOOST_TEST((net.cloud.candidates("f") == names{"edge-1"}));
  net.advance(4s);
  BOOST_TEST(count(net.edge, tokens, errc::ok) == 2); // the others run on
  const auto duty_of = [&](const std::string& name) {
    for (const auto& node : net.edge.nodes())
      if (node.name.str() == name)
        return node.duty;
    return node_duty::active;
  };
  BOOST_TEST((duty_of("cloud-1") == node_duty::draining));
  for (const auto& host : net.cloud.held())
    for (auto& waiting : std::exchange(host->waiting, {}))
      waiting.done(reply{});
  for (const auto& host : net.cloud.hosts.hosts)
    host->end_close();
  net.advance(2s);
  BOOST_TEST(count(net.edge, tokens, errc::ok) == 4);
  BOOST_TEST((duty_of("cloud-1") == node_duty::drained));
  const auto token = net.cloud.submit("f");
  net.advance(50ms);
  BOOST_TEST(net.cloud.got->wait(token).site == "edge-1/cpu");
  net.cloud.steer(node_command::what::uncordon, "cloud-1");
  net.advance(200ms);
  BOOST_TEST((net.edge.candidates("f") == names{"cloud-1", "edge-1"}));
}

BOOST_AUTO_TEST_CASE(a_peer_of_our_own_name_is_refused) {
  sim_cluster net{1};
  net.edge.self.node = node_name{"cloud-1"};
  net.connect();
  BOOST_TEST(net.cloud.nodes().size() == 1u);
  BOOST_TEST(!net.edge.log.empty());
}

BOOST_DATA_TEST_CASE(a_cut_link_answers_each_event_once, seeds, seed) {
  for (const bool idempotent : {false, true}) {
    sim_cluster net{seed};
    deploy_everywhere(net, idempotent);
    const auto tokens = two_at_the_cloud(net);
    net.cut();
    net.advance(100ms);
    BOOST_TEST(count(net.edge, tokens, errc::ok) == (idempotent ? 4 : 2));
    BOOST_TEST(count(net.edge, tokens, errc::outcome_unknown)
               == (idempotent ? 0 : 2));
    BOOST_TEST((net.edge.candidates("f") == names{"edge-1"}));
    BOOST_TEST(net.edge.got->each_once());
    // What ran on answers into the void.
    net.cloud.hold = false;
    for (const auto& host : net.cloud.held())
      host->waiting.clear();
    net.advance(100ms);
    BOOST_TEST(net.edge.got->each_once());
  }
}

BOOST_DATA_TEST_CASE(after_a_cut_the_edge_comes_back, seeds, seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, true);
  net.cut();
  net.advance(100ms);
  BOOST_TEST(!net.connected());
  BOOST_TEST((net.cloud.candidates("f") == names{"cloud-1"}));
  net.wire();
  net.advance(15s, 50ms); // back-off, the first tries find no wire
  BOOST_REQUIRE(net.connected());
  BOOST_TEST((net.edge.candidates("f") == names{"cloud-1", "edge-1"}));
  BOOST_TEST((net.cloud.candidates("f") == names{"cloud-1", "edge-1"}));
  std::vector<uint64_t> tokens;
  for (int i = 0; i < 4; ++i)
    tokens.push_back(net.edge.submit("f"));
  net.advance(50ms);
  BOOST_TEST(count(net.edge, tokens, errc::ok) == 4);
}

BOOST_DATA_TEST_CASE(a_silent_peer_leaves_the_candidates_in_time, seeds,
                     seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, true);
  const auto tokens = two_at_the_cloud(net);
  net.advance(1s); // heard all the while
  BOOST_TEST((net.edge.candidates("f") == names{"cloud-1", "edge-1"}));
  net.cloud.frozen = true;
  net.advance(360ms); // 250 ms of silence, and the age of the last word
  BOOST_TEST((net.edge.candidates("f") == names{"edge-1"}));
  net.advance(50ms);
  BOOST_TEST(count(net.edge, tokens, errc::ok) == 4);
  net.cloud.frozen = false;
  net.cloud.hold = false;
  net.advance(1s);
  BOOST_TEST((net.edge.candidates("f") == names{"cloud-1", "edge-1"}));
  BOOST_TEST(net.edge.got->each_once());
}

BOOST_DATA_TEST_CASE(silence_for_too_long_ends_the_link, seeds, seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, false);
  const auto tokens = two_at_the_cloud(net);
  net.silent = true;
  net.advance(1s);
  BOOST_TEST(count(net.edge, tokens, errc::ok) == 2); // the rest waits
  BOOST_TEST(count(net.edge, tokens, errc::outcome_unknown) == 0);
  net.advance(5s);
  BOOST_TEST(count(net.edge, tokens, errc::outcome_unknown) == 2);
  BOOST_TEST(net.edge.got->wait(tokens[0]).message.size() > 0u);
  bool lost = false;
  for (const auto& node : net.edge.nodes())
    lost = lost || node.state == node_state::lost;
  BOOST_TEST(lost);
  net.silent = false;
  net.advance(100ms);
  BOOST_TEST(net.edge.got->each_once());
}

BOOST_DATA_TEST_CASE(events_to_a_version_that_is_gone_are_refused_unstarted,
                     seeds, seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, false);
  // The cloud's own table is emptied before the edge hears of it.
  net.cloud.board.publish(std::make_shared<actors::routing_table>());
  std::vector<uint64_t> tokens;
  for (int i = 0; i < 4; ++i)
    tokens.push_back(net.edge.submit("f"));
  net.advance(50ms);
  BOOST_TEST(count(net.edge, tokens, errc::ok) == 4); // retried here
}

BOOST_DATA_TEST_CASE(a_leaving_node_is_no_longer_asked, seeds, seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, false);
  caf::anon_send_exit(net.cloud.membership, caf::exit_reason::user_shutdown);
  net.advance(100ms);
  BOOST_TEST(!net.connected());
  BOOST_TEST((net.edge.candidates("f") == names{"edge-1"}));
  const auto token = net.edge.submit("f");
  net.advance(20ms);
  BOOST_TEST((net.edge.code(token) == errc::ok));
}

BOOST_DATA_TEST_CASE(a_restarted_edge_replaces_its_former_self, seeds, seed) {
  sim_cluster net{seed};
  deploy_everywhere(net, true);
  // The cloud has not noticed the end of the old connection yet.
  caf::anon_send_exit(net.edge.membership, caf::exit_reason::kill);
  net.settle();
  net.edge.start("edge-boot-2", sim_cluster::port);
  net.wire();
  net.advance(15s, 50ms);
  BOOST_REQUIRE(net.connected());
  int edges = 0;
  for (const auto& node : net.cloud.nodes()) {
    edges += node.name.str() == "edge-1";
    if (node.name.str() == "edge-1")
      BOOST_TEST(node.boot == "edge-boot-2");
  }
  BOOST_TEST(edges == 1);
  BOOST_TEST((net.edge.candidates("f") == names{"cloud-1", "edge-1"}));
}

BOOST_AUTO_TEST_SUITE_END()
