#include "tests/sim/nodes/sim_cluster.hpp"

#include <boost/test/unit_test.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::test {

using namespace actors;
using namespace std::chrono_literals;
namespace io = caf::io;

sim_config::sim_config() {
  load<io::middleman, io::network::test_multiplexer>();
  add_message_types<caf::id_block::petrel>();
  set("scheduler.policy", caf::atom("testing"));
  set("middleman.network-backend", caf::atom("testing"));
  set("middleman.manual-multiplexing", true);
  set("middleman.workers", size_t{0});
}

// -- one node -----------------------------------------------------------------

sim_node::sim_node(const std::string& name, const std::string& tier,
                   bool has_controller)
  : system(config),
    mm(system.middleman()),
    network(dynamic_cast<io::network::test_multiplexer&>(mm.backend())),
    scheduler(
      dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler())),
    clock(scheduler) {
  scheduler.clock().current_time += 1h;
  self.node = node_name{name};
  self.tier = tier;
  self.runtimes = {"native"};
  self.controller = has_controller;
  self.cluster = "sim";
  spawn_services();
  if (has_controller) {
    catalog = std::make_shared<testing::memory_catalog>("sim");
    spawn_controller();
  }
  ports.receive_with([this](loop_report report) {
    if (!report.evidence.empty())
      pass_on({std::move(report.evidence)});
  });
  port = std::make_unique<loop_port>(
    port_deps{system, counters, board, stats, ports, clock, 1, 256}, loop);
}

sim_node::~sim_node() {
  port.reset();
}

void sim_node::spawn_services() {
  keeper = system.spawn([]() -> keeper_actor::behavior_type {
    return {
      [](const local<need_bundle>& what) {
        what->done(std::filesystem::path{"/bundle"});
      },
      [](const local<chunk_arrived>&) {},
      [](const local<chunk_wanted>&) {},
      [](const local<bulk_arrived>&) {},
      [](const local<bulk_changed>&) {},
      [](const local<bundle_peers>&) {},
      [](const local<bundles_in_use>&) {},
      [](const local<collect_bundles>&) {},
      [](const local<keep_replica>&) {},
      [](caf::tick_atom) {},
      [](caf::flush_atom) {},
    };
  });
  predictor = spawn_predictor(
    system, {self.node, &board, &ports, &stats, &counters, &clock, false});
  agent_config for_agent;
  for_agent.node = self.node;
  for_agent.hosts = &hosts;
  for_agent.logs = &logs;
  for_agent.counters = &counters;
  for_agent.clock = &clock;
  for_agent.keeper = keeper;
  for_agent.predictor = predictor;
  for_agent.report = [this](local<node_placements> what) {
    if (controller)
      caf::anon_send(*controller, what);
    caf::anon_send(membership, make_local(spread_placements{what}));
  };
  for_agent.settled = [](bool) {};
  agent = spawn_agent(system, std::move(for_agent));
}

void sim_node::spawn_controller() {
  controller_config made;
  made.store = catalog;
  made.state = catalog->state();
  made.counters = &counters;
  made.clock = &clock;
  made.publish = [this](local<cluster_view> view) {
    caf::anon_send(agent, view);
    if (membership)
      caf::anon_send(membership, make_local(spread_view{view}));
  };
  controller = spawn_scheduled_controller(system, std::move(made));
}

/// As node_system does it.
void sim_node::pass_on(wire::evidence seen) {
  if (controller)
    caf::anon_send(*controller, make_local(rollout_evidence{std::move(seen)}));
  else
    caf::anon_send(membership, make_local(spread_evidence{std::move(seen)}));
}

void sim_node::start(const std::string& boot, std::optional<uint16_t> join) {
  self.boot = boot_id{boot};
  membership_config made;
  made.self = self;
  if (join)
    made.join.push_back({"peer", *join});
  made.board = &board;
  made.counters = &counters;
  made.clock = &clock;
  made.seed = 1;
  made.agent = agent;
  made.keeper = keeper;
  made.predictor = predictor;
  made.controller = controller;
  made.log = [this](std::string line) { log.push_back(std::move(line)); };
  membership = spawn_membership(system, std::move(made));
}

void sim_node::publish(uint16_t at) {
  scheduler.inline_next_enqueue();
  BOOST_REQUIRE(mm.publish(membership, at));
}

void sim_node::ask_to_stop() {
  const auto end = [](const auto& actor) {
    if (actor)
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  };
  port.reset();
  end(membership);
  end(agent);
  end(predictor);
  end(keeper);
  if (controller)
    end(*controller);
  membership = nullptr;
  agent = nullptr;
  predictor = nullptr;
  keeper = nullptr;
  controller.reset();
}

void sim_node::deploy(const std::string& name, bool idempotent,
                      std::vector<std::string> tiers, uint32_t version) {
  deploy_command command;
  command.id = request_id{name + std::to_string(version)};
  command.spec.name = function_name{name};
  command.spec.petrel.artifact = "f.so";
  command.spec.petrel.idempotent = idempotent;
  command.spec.petrel.needs.tiers = std::move(tiers);
  command.spec.petrel.policy = "round-robin";
  command.spec.petrel.rollout = rollout;
  command.bundle.bytes[0] = static_cast<uint8_t>(version);
  once<command_outcome> done{[](const result<command_outcome>& outcome) {
    BOOST_TEST(bool(outcome));
  }};
  caf::anon_send(*controller,
                 make_local(deploy_call{std::move(command), done}));
}

void sim_node::steer(node_command::what wanted, const std::string& node) {
  once<node_standing> done{[](const result<node_standing>& now) {
    BOOST_TEST(bool(now));
  }};
  caf::anon_send(*controller,
                 make_local(node_call{{node_name{node}, wanted, false}, done}));
}

uint64_t sim_node::submit(const std::string& function, duration timeout) {
  invocation event;
  event.function = function_name{function};
  event.accepted = clock.now();
  event.deadline = clock.now() + timeout;
  event.body = blob{"body"};
  port->submit(std::move(event), got->promise(++last_token));
  return last_token;
}

errc sim_node::code(uint64_t token) const {
  const auto all = got->all();
  const auto found = all.find(token);
  return found == all.end() ? errc::internal : found->second.code;
}

std::vector<std::string>
sim_node::candidates(const std::string& function) const {
  std::vector<std::string> found;
  const auto table = board.table();
  if (const auto route = table->routes.find(function);
      route != table->routes.end())
    for (const auto& target : route->second->targets)
      if (target.host || target.via->usable)
        found.push_back(target.node.str());
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<node_status> sim_node::nodes() {
  auto all = std::make_shared<std::vector<node_status>>();
  once<std::vector<node_status>> done{
    [all](result<std::vector<node_status>> got) {
      if (got)
        *all = *got;
    }};
  caf::anon_send(membership, make_local(nodes_call{done}));
  done = {};
  while (scheduler.try_run_once())
    ;
  return *all;
}

std::vector<std::shared_ptr<fake_host>> sim_node::held() {
  std::vector<std::shared_ptr<fake_host>> all;
  for (const auto& host : hosts.hosts)
    if (!host->waiting.empty())
      all.push_back(host);
  return all;
}

bool sim_node::step(std::mt19937& order) {
  if (frozen)
    return false;
  for (const auto& host : hosts.hosts) {
    if (hold)
      host->answer_with = nullptr;
    else if (!host->answer_with)
      host->answer_with = [this](const invocation& event) {
        if (answer)
          return answer(event);
        reply made;
        made.started = true;
        return made;
      };
  }
  std::shuffle(scheduler.jobs.begin(), scheduler.jobs.end(), order);
  return scheduler.try_run_once() || loop.turn()
         || network.try_exec_runnable();
}

// -- two nodes ----------------------------------------------------------------

sim_cluster::sim_cluster(unsigned seed)
  : cloud("cloud-1", "cloud", true),
    edge("edge-1", "edge", false),
    order_(seed) {
  BOOST_TEST_MESSAGE("seed " << seed);
}

sim_cluster::~sim_cluster() {
  silent = cloud.frozen = edge.frozen = false;
  cloud.hold = edge.hold = false;
  for (auto* node : {&cloud, &edge})
    for (const auto& host : node->hosts.hosts)
      host->waiting.clear();
  settle();
  edge.ask_to_stop();
  settle();
  cloud.ask_to_stop();
  settle();
  advance(6s, 100ms); // timers that hold actors
}

void sim_cluster::wire() {
  cloud_end_ = io::connection_handle::from_int(++last_handle_);
  edge_end_ = io::connection_handle::from_int(++last_handle_);
  cloud.network.prepare_connection(io::accept_handle::from_int(1), cloud_end_,
                                   edge.network, "peer", port, edge_end_);
}

void sim_cluster::cut() {
  for (auto [node, end] : {std::pair{&cloud, cloud_end_},
                           std::pair{&edge, edge_end_}}) {
    auto basp = node->mm.named_broker<io::basp_broker>(caf::atom("BASP"));
    caf::anon_send(basp, io::connection_closed_msg{end});
  }
  settle();
}

void sim_cluster::settle() {
  for (bool moved = true; moved;) {
    moved = false;
    const bool first = order_() % 2 == 0;
    for (auto* node : {first ? &cloud : &edge, first ? &edge : &cloud}) {
      moved = node->step(order_) || moved;
      if (!silent && !node->frozen)
        moved = node->network.read_data()
                || node->network.try_accept_connection() || moved;
    }
  }
}

void sim_cluster::advance(caf::timespan d, caf::timespan step) {
  for (; d.count() > 0; d -= step) {
    for (auto* node : {&cloud, &edge})
      if (!node->frozen)
        node->scheduler.advance_time(step);
      else
        node->scheduler.clock().current_time += step;
    settle();
  }
}

void sim_cluster::connect() {
  wire();
  cloud.start("cloud-boot-1", std::nullopt);
  settle();
  cloud.publish(port);
  edge.start("edge-boot-1", port);
  advance(300ms);
}

bool sim_cluster::connected() {
  for (const auto& node : edge.nodes())
    if (node.name.str() == "cloud-1" && node.state == node_state::alive)
      return true;
  return false;
}

} // namespace faas::test
