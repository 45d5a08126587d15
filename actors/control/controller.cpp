#include "actors/control/controller.hpp"

#include "actors/control/catalog_desk.hpp"
#include "actors/control/node_desk.hpp"
#include "actors/control/node_holds.hpp"
#include "actors/control/office.hpp"
#include "actors/control/registry_desk.hpp"
#include "actors/control/rollout_courses.hpp"
#include "libfaas/manifest/platform.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr caf::timespan look_period = 1s;

struct controller_state {
  static constexpr const char* name = "faas.controller";
  using pointer = controller_actor::stateful_pointer<controller_state>;

  explicit controller_state(pointer self) : self(self) {}

  void start(controller_config with) {
    config = std::move(with);
    core = std::make_unique<controller_core>(
      std::move(config.state),
      config.nodes != nullptr ? config.nodes->entries() : node_entries{});
    secrets = secret_desk{std::move(config.secrets), *config.clock};
    nodes = node_desk{*core, config.nodes};
    desk = make_desk();
    registry = make_registry_desk();
    mark = std::make_unique<alive_mark>(*config.counters,
                                        actor_kind::controller);
    lead = office{{config.seat, config.term,
                   [this](bool taken_over) { return load(taken_over); },
                   [this](const std::string& line) { note(line); }}};
    follow_all();
    self->delayed_send(self, look_period, caf::tick_atom::value);
    give_out();
  }

  // -- leading ----------------------------------------------------------------

  void leader(const leader_changed& what) {
    mark->counters().count_handled();
    lead.heard(what.now);
  }

  /// What another leader gives out is where this one would go on.
  void given(const local<cluster_view>& view) {
    mark->counters().count_handled();
    if (!lead.by_turns() || view->term < lead.term())
      return;
    config.store->seen(view->at);
    inherited = view;
  }

  void note(const std::string& line) const {
    if (config.log)
      config.log(line);
  }

  // -- commands ---------------------------------------------------------------

  /// With `doubt` the store may hold more than the core knows.
  result<void> ready(bool doubt) {
    if (doubt)
      lead.doubt();
    if (auto ok = lead.check(); !ok)
      return ok;
    return lead.refresh();
  }

  catalog_desk make_desk() {
    catalog_desk_config made;
    made.store = config.store;
    made.ready = [this](bool doubt) { return ready(doubt); };
    made.catalog = [this]() -> const catalog_state& { return core->catalog(); };
    made.plan = [this](const catalog_state& state, catalog_command command) {
      return std::visit(
        [&](const auto* one) { return planned(state, *one); }, command);
    };
    made.stored = [this](const catalog_change& change) { apply(change); };
    return catalog_desk{std::move(made)};
  }

  registry_desk make_registry_desk() {
    return registry_desk{
      {config.store, &secrets, [this](bool doubt) { return ready(doubt); },
       [this]() -> const catalog_state& { return core->catalog(); },
       [this](catalog_state state) {
         // Nodes take nothing away for another history: what does not come
         // back ends with this one.
         give_out(&state);
         begin_from(std::move(state));
       }}};
  }

  /// Evidence starts anew: waiting longer is safe.
  void begin_from(catalog_state state) {
    core->replace(std::move(state));
    courses = {};
    follow_all();
  }

  void follow_all() {
    const auto now = config.clock->now();
    for (const auto& [function, record] : core->catalog().functions)
      courses.follow(record, now);
  }

  void apply(const catalog_change& change) {
    core->apply(change);
    if (change.record)
      courses.follow(*change.record, config.clock->now());
    else
      courses.forget(change.function);
  }

  /// Besides the catalog: what others may have changed meanwhile.
  result<void> take_office(const std::string& history) {
    if (auto ok = nodes.refresh(); !ok)
      return ok;
    if (auto ok = secrets.reload(history); !ok)
      return ok;
    if (inherited)
      core->inherit(*std::exchange(inherited, nullptr));
    return {};
  }

  /// The store may hold more than the core knows.
  result<void> load(bool taken_over) {
    auto state = config.store->load();
    if (!state)
      return state.error();
    if (taken_over) {
      if (auto ok = take_office(state->at.history); !ok)
        return ok;
    } else if (state->at.history != core->catalog().at.history) {
      if (auto ok = secrets.reload(state->at.history); !ok)
        return ok;
    }
    if (!taken_over && *state == core->catalog())
      return {};
    begin_from(std::move(*state));
    spread();
    return {};
  }

  template <class Command>
  result<catalog_change> planned(const catalog_state& state,
                                 const Command& command) {
    if constexpr (std::is_same_v<Command, traffic_command>)
      if (auto can = can_serve(command); !can)
        return can.error();
    auto change = [&] {
      if constexpr (requires { plan(state, command, config.clock->wall()); })
        return plan(state, command, config.clock->wall());
      else
        return plan(state, command);
    }();
    if (change)
      if (auto ok = secrets.check(state, *change); !ok)
        return ok.error();
    return change;
  }

  /// A version that is known to fail gets no share.
  result<void> can_serve(const traffic_command& command) const {
    for (const auto& [version, weight] : command.weights) {
      const auto warmth = core->warm_up_of(command.function, version);
      if (weight > 0 && warmth.now == warm_up::state::failed)
        return error{errc::conflict,
                     "version " + std::to_string(version) + " of "
                       + command.function.str() + " cannot start: "
                       + warmth.why,
                     "see faas-cli describe " + command.function.str()};
    }
    return {};
  }

  /// The leader that comes after this one must be able to give its bundles out.
  void deploy(const local<deploy_call>& call) {
    if (!config.share || !lead.leads())
      return take(call);
    const auto all = all_bundles(call->command.spec, call->command.bundle);
    const auto left = std::make_shared<std::atomic<size_t>>(all.size());
    for (const auto& bundle : all)
      config.share(bundle, [left, me = self->address(), call] {
        if (left->fetch_sub(1) > 1)
          return;
        if (auto to = caf::actor_cast<controller_actor>(me))
          caf::anon_send(to, make_local(bundle_shared{call}));
      });
  }

  /// It is carried out with those that are in the mailbox already.
  template <class Call>
  void take(const local<Call>& call) {
    mark->counters().count_handled();
    waiting.push_back({&call->command, call->done, call});
    if (waiting.size() >= most_per_commit)
      carry_out_waiting();
    else
      flush_soon();
  }

  void carry_out_waiting() {
    const auto calls = std::exchange(waiting, {});
    std::vector<catalog_command> commands;
    for (const auto& call : calls)
      commands.push_back(call.command);
    auto outcomes = desk.carry_out(commands);
    for (size_t i = 0; i < calls.size(); ++i) {
      const auto& outcome = outcomes[i];
      if (outcome && !outcome->unchanged && !outcome->repeated)
        spread();
      calls[i].done(std::move(outcomes[i]));
    }
  }

  void flush_soon() {
    if (!std::exchange(flush_comes, true))
      self->send(self, caf::flush_atom::value);
  }

  void flush() {
    flush_comes = false;
    carry_out_waiting();
    if (std::exchange(news, false))
      give_out();
  }

  /// What cannot be stored now is proposed again at the next look.
  void look() {
    self->delayed_send(self, look_period, caf::tick_atom::value);
    if (!lead.check())
      return;
    hold();
    const auto due = courses.due(
      config.clock->now(),
      [this](const function_name& function, uint32_t version) {
        return core->warm_up_of(function, version);
      });
    bool changed = nodes.end_drains();
    for (const auto& command : due) {
      const auto outcome = desk.carry_out(&command);
      changed = changed || (outcome && !outcome->unchanged);
    }
    if (changed)
      spread();
  }

  // -- nodes ------------------------------------------------------------------

  void steer(const node_call& call) {
    mark->counters().count_handled();
    auto ok = lead.check();
    auto done = ok ? nodes.carry_out(call.command)
                   : result<node_standing>{ok.error()};
    if (done) { // before the answer: who asks next sees it
      news = false;
      give_out();
    }
    call.done(std::move(done));
  }

  void evidence(const rollout_evidence& what) {
    mark->counters().count_handled();
    for (const auto& seen : what.seen.versions)
      courses.add(seen);
  }

  void loads(const node_loads& what) {
    mark->counters().count_handled();
    if (!lead.leads())
      return;
    holds.note(what.node, what.seen, config.clock->now());
    hold();
  }
  /// Which nodes hold what in memory.
  void hold() {
    if (lead.leads() && holds.decide(config.clock->now(), *core))
      spread();
  }

  void put(const put_secret_call& call) {
    mark->counters().count_handled();
    if (auto ok = ready(false); !ok)
      return call.done(ok.error());
    end(call.done, secrets.carry_out(call.command));
  }
  void remove(const remove_secret_call& call) {
    mark->counters().count_handled();
    if (auto ok = ready(false); !ok)
      return call.done(ok.error());
    end(call.done, secrets.carry_out(call.command, core->view()));
  }
  void end(const once<secret_outcome>& done, result<secret_outcome> outcome) {
    const bool changed = outcome && !outcome->unchanged && !outcome->repeated;
    done(std::move(outcome));
    if (changed)
      spread();
  }
  void list(const secrets_call& call) {
    mark->counters().count_handled();
    if (auto ok = lead.check_reads(); !ok)
      return call.done(ok.error());
    call.done(secrets.list(core->view()));
  }
  void open(const secret_wanted& what) {
    mark->counters().count_handled();
    if (lead.check()) // else the node asks the leader, or again
      what.answer(secrets.open_for(what.node, what.name, core->view()));
  }

  // -- copies of everything ---------------------------------------------------

  void copy(const copy_registry_call& call) {
    mark->counters().count_handled();
    call.done(registry.copy(call.seal.get()));
  }
  void replace(const replace_registry_call& call) {
    mark->counters().count_handled();
    auto outcome = registry.carry_out(call.command);
    if (registry.doubts())
      lead.doubt();
    const bool changed = outcome && !outcome->repeated;
    call.done(std::move(outcome));
    if (changed)
      spread();
  }

  void add_seen(function_status& status) const {
    status.held = holds.why({status.spec.name, status.version});
    if (status.rollout)
      status.rollout->compared = courses.compared(status.spec.name);
  }
  void list(const list_call& call) {
    mark->counters().count_handled();
    if (auto ok = lead.check_reads(); !ok)
      return call.done(ok.error());
    auto all = core->list();
    for (auto& status : all)
      add_seen(status);
    call.done(std::move(all));
  }
  void versions(const versions_call& call) {
    mark->counters().count_handled();
    if (auto ok = lead.check_reads(); !ok)
      return call.done(ok.error());
    call.done(core->versions(call.function));
  }
  void bundles(const bundles_call& call) {
    mark->counters().count_handled();
    if (auto ok = lead.check(); !ok) // others may use what it does not know
      return call.done(ok.error());
    if (config.collect)
      config.collect(make_local(collect_bundles{core->bundle_uses(), call}));
  }
  void describe(const describe_call& call) {
    mark->counters().count_handled();
    if (auto ok = lead.check_reads(); !ok)
      return call.done(ok.error());
    auto status = core->describe(call.function);
    if (status)
      add_seen(*status);
    call.done(std::move(status));
  }
  void changed(const node_changed& what) {
    mark->counters().count_handled();
    if (what.record.connected)
      core->node_seen(what.record);
    else
      core->node_left(what.record.name);
    spread();
  }
  void reported(const node_placements& what) {
    mark->counters().count_handled();
    core->reported(what.node, what.placements);
    spread();
  }
  /// Once for all that is in the mailbox already.
  void spread() {
    news = true;
    flush_soon();
  }
  /// With `only` what that has, too.
  void give_out(const catalog_state* only = nullptr) {
    if (!lead.leads() || !lead.is_taken())
      return;
    auto view = core->view();
    if (only != nullptr)
      std::erase_if(view.versions, [&](const auto& one) {
        return !only->functions.contains(one.version.function);
      });
    view.term = lead.term();
    holds.stamp(view);
    secrets.stamp(view);
    config.publish(make_local(std::move(view)));
  }

  pointer self;
  controller_config config;
  std::unique_ptr<controller_core> core;
  rollout_courses courses;
  secret_desk secrets;
  node_desk nodes;
  node_holds holds;
  std::unique_ptr<alive_mark> mark;
  catalog_desk desk;
  registry_desk registry;
  struct waiting_call {
    catalog_command command;
    once<command_outcome> done;
    std::shared_ptr<const void> owner; ///< of the command
  };
  std::vector<waiting_call> waiting;
  bool flush_comes = false;
  bool news = false; ///< the view has changed since it was given out
  office lead;
  local<cluster_view> inherited; ///< what that one gave out last
};

controller_actor::behavior_type
controller_behavior(controller_state::pointer self, controller_config config) {
  self->state.start(std::move(config));
  return {
    [=](const local<deploy_call>& call) { self->state.deploy(call); },
    [=](const local<bundle_shared>& what) { self->state.take(what->call); },
    [=](const local<remove_call>& call) { self->state.take(call); },
    [=](const local<rollback_call>& call) { self->state.take(call); },
    [=](const local<traffic_call>& call) { self->state.take(call); },
    [=](const local<alias_call>& call) { self->state.take(call); },
    [=](const local<rollout_call>& call) { self->state.take(call); },
    [=](const local<scale_call>& call) { self->state.take(call); },
    [=](const local<put_secret_call>& call) { self->state.put(*call); },
    [=](const local<remove_secret_call>& call) { self->state.remove(*call); },
    [=](const local<secrets_call>& call) { self->state.list(*call); },
    [=](const local<copy_registry_call>& call) { self->state.copy(*call); },
    [=](const local<replace_registry_call>& call) {
      self->state.replace(*call);
    },
    [=](const local<secret_wanted>& what) { self->state.open(*what); },
    [=](const local<versions_call>& call) { self->state.versions(*call); },
    [=](const local<bundles_call>& call) { self->state.bundles(*call); },
    [=](const local<list_call>& call) { self->state.list(*call); },
    [=](const local<describe_call>& call) { self->state.describe(*call); },
    [=](const local<node_call>& call) { self->state.steer(*call); },
    [=](const local<node_changed>& what) { self->state.changed(*what); },
    [=](const local<node_placements>& what) { self->state.reported(*what); },
    [=](const local<rollout_evidence>& what) { self->state.evidence(*what); },
    [=](const local<node_loads>& what) { self->state.loads(*what); },
    [=](const local<leader_changed>& what) { self->state.leader(*what); },
    [=](const local<cluster_view>& view) { self->state.given(view); },
    [=](caf::tick_atom) { self->state.look(); },
    [=](caf::flush_atom) { self->state.flush(); },
  };
}

} // namespace

controller_actor spawn_controller(caf::actor_system& system,
                                  controller_config config) {
  return system.spawn<caf::detached>(controller_behavior, std::move(config));
}

controller_actor spawn_scheduled_controller(caf::actor_system& system,
                                            controller_config config) {
  return system.spawn(controller_behavior, std::move(config));
}

} // namespace faas::actors
