// Two nodes with their real actors and the real BASP protocol in one thread:
// nothing runs and no time passes unless the test says so.
#pragma once

#include "actors/control/controller.hpp"
#include "actors/functions/agent.hpp"
#include "actors/link/membership.hpp"
#include "actors/predictor/predictor_actor.hpp"
#include "actors/routing/loop_port.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_loop.hpp"
#include "tests/support/memory_catalog.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/test_multiplexer.hpp>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace faas::test {

struct sim_config : caf::actor_system_config {
  sim_config();
};

/// A node with its actors; the stores are fakes, the host answers at once
/// unless `hold` is set.
class sim_node {
public:
  sim_node(const std::string& name, const std::string& tier, bool controller);
  ~sim_node();

  /// Starts membership; with `join` it dials host "peer", port `join`.
  void start(const std::string& boot, std::optional<uint16_t> join);
  void publish(uint16_t port);
  /// Ends membership and its links as a shutdown does; then the rest.
  void ask_to_stop();

  void deploy(const std::string& name, bool idempotent,
              std::vector<std::string> tiers, uint32_t version = 1);
  rollout_plan rollout; ///< of further deployments
  /// At the node with the controller.
  void steer(node_command::what wanted, const std::string& node);
  uint64_t submit(const std::string& function,
                  duration timeout = std::chrono::seconds(30));
  errc code(uint64_t token) const;
  /// Sites of a function that could take an event now.
  std::vector<std::string> candidates(const std::string& function) const;
  std::vector<node_status> nodes();
  bool step(std::mt19937& order);

  sim_config config;
  caf::actor_system system;
  caf::io::middleman& mm;
  caf::io::network::test_multiplexer& network;
  caf::scheduler::test_coordinator& scheduler;
  fake_clock clock;
  wire::hello self;

  actors::census counters;
  actors::routing_board board;
  actors::stats_book stats;
  actors::port_book ports;
  actors::log_book logs;
  fake_hosts hosts;
  bool hold = false;
  std::function<reply(const invocation&)> answer; ///< instead of "ok"
  std::vector<std::string> log;
  std::vector<std::shared_ptr<fake_host>> held();

  std::shared_ptr<testing::memory_catalog> catalog; ///< with the controller
  actors::keeper_actor keeper;
  actors::predictor_actor predictor;
  actors::agent_actor agent;
  actors::membership_actor membership;
  std::optional<actors::controller_actor> controller;
  fake_loop loop;
  std::unique_ptr<actors::loop_port> port;
  std::shared_ptr<answers> got = answers::make();
  uint64_t last_token = 0;
  bool frozen = false;

private:
  void spawn_controller();
  void pass_on(wire::evidence seen);
  void spawn_services();
};

/// An edge that dials a cloud node with the controller.
class sim_cluster {
public:
  explicit sim_cluster(unsigned seed);
  ~sim_cluster();

  /// Lays a wire for the edge's next call.
  void wire();
  /// Both ends learn that the connection is gone.
  void cut();
  void settle();
  void advance(caf::timespan d,
               caf::timespan step = std::chrono::milliseconds(10));
  /// Wired, published, connected.
  void connect();
  bool connected();

  static constexpr uint16_t port = 4242;
  bool silent = false; ///< bytes stay in the wire
  sim_node cloud, edge;

private:
  std::mt19937 order_;
  int64_t last_handle_ = 0;
  caf::io::connection_handle cloud_end_, edge_end_;
};

} // namespace faas::test
