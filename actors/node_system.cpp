#include "actors/node_system.hpp"

#include "actors/control/admin_adapter.hpp"
#include "actors/control/controller.hpp"
#include "actors/functions/agent.hpp"
#include "actors/functions/keeper.hpp"
#include "actors/functions/replica.hpp"
#include "actors/functions/vault.hpp"
#include "actors/predictor/predictor_actor.hpp"
#include "actors/predictor/quality_book.hpp"
#include "actors/functions/structure_builder.hpp"
#include "actors/routing/host_metrics.hpp"
#include "actors/routing/loop_port.hpp"
#include "actors/system/socket_middleman.hpp"
#include "actors/system/supervisor.hpp"
#include "actors/system/thread_roll.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <future>
#include <thread>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

/// CAF's settings, all set in code: its own file is never read.
struct system_config : caf::actor_system_config {
  explicit system_config(uint32_t threads) {
    add_thread_hook<roll_hook>(roll);
    load<caf::io::middleman>();
    add_message_types<caf::id_block::petrel>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{threads});
    set("scheduler.max-throughput", size_t{100});
    set("middleman.heartbeat-interval", caf::timespan{1s});
    set("middleman.connection-timeout", caf::timespan{5s});
    set("middleman.app-identifiers", std::vector<std::string>{"faas-1"});
  }

  std::shared_ptr<thread_roll> roll = std::make_shared<thread_roll>();
};

} // namespace

struct node_system::impl {
  explicit impl(node_system_config with)
    : config(std::move(with)),
      caf_config(config.scheduler_threads),
      system(std::make_unique<caf::actor_system>(caf_config)) {
    if (config.decided != nullptr)
      desk = std::make_unique<decision_desk>(*config.decided);
    if (config.peers != nullptr)
      transport = std::make_unique<socket_middleman>(*system, *config.peers);
  }

  result<void> spawn();
  result<void> spawn_control();
  agent_config agent_parts();
  membership_config membership_parts();
  result<controller_config> controller_parts();
  result<void> load_catalog(controller_config& into);
  void follow_leader();
  void load_replica(agent_config& into);
  result<secret_desk_config> open_secrets(bool leads,
                                          const std::string& history);
  void serve_bulk();
  bool stop(duration grace);

  /// Actors start to talk before their handles are stored here.
  membership_actor to_membership() {
    const std::lock_guard lock{handles};
    return membership;
  }
  void send_to_agent(local<cluster_view> view) {
    counters.of(actor_kind::agent).count_sent();
    const std::lock_guard lock{handles};
    caf::anon_send(agent, std::move(view));
  }
  void send_to_controller(local<node_placements> placements) {
    const std::lock_guard lock{handles};
    if (!controller)
      return;
    counters.of(actor_kind::controller).count_sent();
    caf::anon_send(*controller, std::move(placements));
  }

  /// To the controller, which is here or at a node that membership knows.
  template <class Here, class There>
  void send_to_leader(Here here, There there) {
    const std::lock_guard lock{handles};
    if (controller) {
      counters.of(actor_kind::controller).count_sent();
      caf::anon_send(*controller, make_local(std::move(here)));
      if (config.seat == nullptr)
        return;
    }
    counters.of(actor_kind::membership).count_sent();
    caf::anon_send(membership, make_local(std::move(there)));
  }

  node_system_config config;
  system_config caf_config;
  census counters;
  routing_board board;
  port_book ports;
  stats_book stats;
  quality_book quality;
  host_metrics hosts{board, cpu_site(config.self.node)};
  log_book logs;
  std::unique_ptr<decision_desk> desk; ///< null: nothing is logged
  std::atomic<bool> settled{true};
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<socket_middleman> transport; ///< null: no other nodes
  std::mutex handles; ///< guards the actors below while they are being set
  keeper_actor keeper;
  vault_actor vault;
  predictor_actor predictor;
  agent_actor agent;
  membership_actor membership;
  std::optional<controller_actor> controller;
  caf::actor supervisor;
  std::unique_ptr<port_factory> factory;
  std::unique_ptr<admin_adapter> admin;
  bool stopped = false;
};

result<void> node_system::impl::spawn() {
  keeper
    = spawn_keeper(*system, {config.bundles, &counters, config.clock,
                             config.replica, config.self.node,
                             config.bundle_rules,
                             config.catalog ? 0 : config.bundle_cache_bytes,
                             config.log});
  vault = spawn_vault(*system, {config.files, config.no_files, &counters,
                                config.clock});
  serve_bulk();
  predictor = spawn_predictor(*system, {config.self.node, &board, &ports,
                                        &stats, &counters, config.clock,
                                        config.cpu_probes,
                                        &quality, config.experience,
                                        config.log});
  ports.receive_with([this](loop_report report) {
    if (!report.evidence.empty()) {
      const wire::evidence seen{std::exchange(report.evidence, {})};
      send_to_leader(rollout_evidence{seen}, spread_evidence{seen});
    }
    counters.of(actor_kind::predictor).count_sent();
    caf::anon_send(predictor, make_local(std::move(report)));
  });
  if (auto made = spawn_control(); !made)
    return made;
  follow_leader();
  port_deps for_ports{*system, counters,      board,      stats,
                      ports,   *config.clock, config.seed};
  for_ports.decisions = config.decisions;
  factory = std::make_unique<port_factory>(for_ports);
  admin = std::make_unique<admin_adapter>(
    admin_deps{controller, membership, predictor, &logs, &stats, &counters,
               &settled});
  supervisor = spawn_supervisor(*system, counters, config.on_fault);
  watch(supervisor, "keeper", caf::actor_cast<caf::actor>(keeper));
  watch(supervisor, "vault", caf::actor_cast<caf::actor>(vault));
  watch(supervisor, "predictor", caf::actor_cast<caf::actor>(predictor));
  watch(supervisor, "agent", caf::actor_cast<caf::actor>(agent));
  watch(supervisor, "membership", caf::actor_cast<caf::actor>(membership));
  if (controller)
    watch(supervisor, "controller", caf::actor_cast<caf::actor>(*controller));
  if (!transport)
    return {};
  return transport->publish(caf::actor_cast<caf::actor>(membership));
}

/// A standby loads them when it begins to lead.
result<secret_desk_config>
node_system::impl::open_secrets(bool leads, const std::string& history) {
  secret_desk_config made;
  made.history = history;
  if (!config.secrets)
    return made;
  made.store = config.secrets;
  made.unlock = config.sealer;
  if (!leads)
    return made;
  // An import that was broken off after its catalog had come.
  if (auto settled = config.secrets->settle(history); !settled)
    return settled.error();
  auto state = config.secrets->load();
  if (!state)
    return state.error();
  made.sealer = config.sealer(!state->secrets.empty());
  made.state = std::move(*state);
  return made;
}

/// Before the first link stands: it wants a bulk connection.
void node_system::impl::serve_bulk() {
  if (config.bulk == nullptr)
    return;
  const auto tell = [to = keeper, all = &counters](auto what) {
    all->of(actor_kind::keeper).count_sent();
    caf::anon_send(to, make_local(std::move(what)));
  };
  config.bulk->serve(bulk_links::handlers{
    config.self.boot,
    [tell](bulk_arrival got) { tell(bulk_arrived{std::move(got)}); },
    [tell](const node_name& node, bool stands) {
      tell(bulk_changed{node, stands});
    }});
}

result<void> node_system::impl::spawn_control() {
  // Agent, membership and controller know each other through the members of
  // this object; whoever speaks early waits until all are set.
  const std::lock_guard lock{handles};
  agent = spawn_agent(*system, agent_parts());
  auto for_membership = membership_parts();
  if (config.catalog) {
    auto for_controller = controller_parts();
    if (!for_controller)
      return for_controller.error();
    controller = spawn_controller(*system, std::move(*for_controller));
    for_membership.controller = controller;
    for_membership.shares_lead = config.seat != nullptr;
  }
  membership = spawn_membership(*system, std::move(for_membership));
  return {};
}

agent_config node_system::impl::agent_parts() {
  agent_config made;
  made.node = config.self.node;
  made.platform = platform_of(config.self.labels);
  made.hosts = config.hosts;
  made.logs = &logs;
  made.counters = &counters;
  made.clock = config.clock;
  made.keeper = keeper;
  made.vault = vault;
  made.predictor = predictor;
  made.report = [this](local<node_placements> placements) {
    send_to_controller(placements);
    counters.of(actor_kind::membership).count_sent();
    caf::anon_send(to_membership(),
                   make_local(spread_placements{std::move(placements)}));
  };
  made.report_loads = [this](wire::loads seen) {
    send_to_leader(node_loads{config.self.node, seen}, spread_loads{seen});
  };
  made.settled = [this](bool all) {
    settled.store(all, std::memory_order_release);
  };
  made.log = config.log;
  load_replica(made);
  return made;
}

/// The agent is there already.
membership_config node_system::impl::membership_parts() {
  membership_config made;
  made.self = config.self;
  made.join = config.join;
  made.options = config.links;
  made.board = &board;
  made.counters = &counters;
  made.clock = config.clock;
  made.seed = config.seed;
  made.agent = agent;
  made.keeper = keeper;
  made.vault = vault;
  made.predictor = predictor;
  made.logs = &logs;
  made.decisions = desk.get();
  made.log = config.log;
  if (transport) {
    made.links = config.peers;
    made.transport = transport->actor();
    made.bulk = config.bulk;
  }
  return made;
}

result<controller_config> node_system::impl::controller_parts() {
  controller_config made;
  if (auto loaded = load_catalog(made); !loaded)
    return loaded.error();
  made.store = config.catalog;
  made.seat = config.seat;
  made.log = config.log;
  made.nodes = config.nodes;
  if (config.seat != nullptr)
    made.share = [this](const digest& bundle,
                                  std::function<void()> done) {
      counters.of(actor_kind::membership).count_sent();
      caf::anon_send(to_membership(),
                     make_local(share_bundle{bundle, std::move(done)}));
    };
  made.counters = &counters;
  made.clock = config.clock;
  made.publish = [this](local<cluster_view> view) {
    send_to_agent(view);
    counters.of(actor_kind::membership).count_sent();
    caf::anon_send(to_membership(), make_local(spread_view{std::move(view)}));
  };
  made.collect = [this](local<collect_bundles> what) {
    counters.of(actor_kind::keeper).count_sent();
    const std::lock_guard lock{handles};
    caf::anon_send(keeper, std::move(what));
  };
  return made;
}

/// What the leader finds wrong with it, the node says at its start.
result<void> node_system::impl::load_catalog(controller_config& into) {
  if (config.seat != nullptr)
    into.term = config.seat->held().token;
  const bool leads = config.seat == nullptr || into.term != 0;
  if (leads) {
    auto state = config.catalog->load();
    if (!state)
      return state.error();
    into.state = std::move(*state);
  }
  auto secrets = open_secrets(leads, into.state.at.history);
  if (!secrets)
    return secrets.error();
  into.secrets = std::move(*secrets);
  // A standby: until the leader has said what runs here.
  settled = leads && into.state.functions.empty();
  return {};
}

void node_system::impl::follow_leader() {
  if (config.seat == nullptr || !controller)
    return;
  config.seat->follow([this, to = *controller](leader_news now) {
    counters.of(actor_kind::controller).count_sent();
    caf::anon_send(to, make_local(leader_changed{std::move(now)}));
  });
}

/// A replica that cannot be read is as none: the controller tells all anew.
void node_system::impl::load_replica(agent_config& into) {
  if (config.replica == nullptr)
    return;
  auto bytes = config.replica->load();
  if (!bytes)
    return config.log(bytes.error().to_string());
  if (!*bytes)
    return;
  node_record me;
  me.name = config.self.node;
  me.tier = config.self.tier;
  me.labels = config.self.labels;
  me.runtimes = config.self.runtimes;
  auto last = unpack(**bytes, me);
  if (!last)
    return config.log(last.error().to_string());
  config.log("serving by the assignments of revision "
             + std::to_string(last->view->at.number)
             + " until the controller tells newer ones");
  settled = false; // until they are loaded
  into.last = last->view;
  into.kept = last->kept;
}

bool node_system::impl::stop(duration grace) {
  if (std::exchange(stopped, true))
    return true;
  if (config.seat != nullptr)
    config.seat->follow(nullptr);
  if (transport)
    transport->close();
  if (config.bulk != nullptr)
    config.bulk->serve(std::nullopt);
  if (desk)
    desk->end();
  bool clean = true;
  caf::scoped_actor self{*system};
  // Order: no new work from peers; functions drain; desired state; the rest.
  const auto end = [&](const auto& actor, duration patience) {
    if (!actor)
      return;
    self->monitor(actor);
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    bool gone = false;
    self->receive([&](const caf::down_msg&) { gone = true; },
                  caf::after(std::chrono::ceil<std::chrono::milliseconds>(
                    patience)) >> [] {});
    if (!gone) {
      clean = false;
      caf::anon_send_exit(actor, caf::exit_reason::kill);
      self->receive([](const caf::down_msg&) {}, caf::after(1s) >> [] {});
    }
  };
  end(supervisor, 1s); // from now on ends are wanted
  end(agent, grace);
  end(membership, 2s);
  if (controller)
    end(*controller, 2s);
  end(predictor, 5s); // it saves what it has learned
  end(keeper, 2s);
  end(vault, 2s);
  admin.reset();
  factory.reset();
  return clean;
}

node_system::node_system(std::unique_ptr<impl> impl) : impl_(std::move(impl)) {}

node_system::~node_system() {
  impl_->stop(limits::shutdown_grace);
  impl_->keeper = nullptr;
  impl_->vault = nullptr;
  impl_->predictor = nullptr;
  impl_->agent = nullptr;
  impl_->membership = nullptr;
  impl_->controller.reset();
  impl_->supervisor = nullptr;
  impl_->transport.reset();
  impl_->system.reset();
  impl_->caf_config.roll->wait_until_ended(1s);
}

result<std::unique_ptr<node_system>>
node_system::start(node_system_config config) {
  auto made = std::make_unique<impl>(std::move(config));
  auto spawned = made->spawn();
  std::unique_ptr<node_system> system{new node_system(std::move(made))};
  if (!spawned)
    return spawned.error();
  return system;
}

event_port_factory& node_system::events() {
  return *impl_->factory;
}

admin_port& node_system::admin() {
  return *impl_->admin;
}

std::vector<const metrics_source*> node_system::metrics() const {
  return {&impl_->stats, &impl_->quality, &impl_->hosts, &impl_->counters};
}

bool node_system::stop(duration grace) {
  return impl_->stop(grace);
}

} // namespace faas::actors
