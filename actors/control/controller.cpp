#include "actors/control/controller.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/stateful_actor.hpp>

namespace faas::actors {
namespace {

struct controller_state {
  static constexpr const char* name = "faas.controller";

  void start(controller_config with) {
    config = std::move(with);
    core = std::make_unique<controller_core>(std::move(config.state));
    mark = std::make_unique<alive_mark>(*config.counters,
                                        actor_kind::controller);
    spread();
  }

  template <class Command>
  result<command_outcome> carry_out(const Command& command) {
    auto outcome = attempt(command);
    // Another leader, or a commit whose answer was lost, has moved the store
    // on: once more, from what it holds.
    if (!outcome && stale && outcome.error().code == errc::conflict)
      outcome = attempt(command);
    return outcome;
  }

  template <class Command>
  result<command_outcome> attempt(const Command& command) {
    if (auto ok = refresh(); !ok)
      return ok.error();
    auto before = config.store->outcome_of(command.id);
    if (!before)
      return before.error();
    if (*before) {
      auto outcome = **before;
      outcome.repeated = true;
      return outcome;
    }
    auto change = planned(command);
    if (!change)
      return change.error();
    // Also when nothing changes: the request must not act later on.
    if (auto stored = config.store->commit(*change); !stored) {
      const auto code = stored.error().code;
      stale = code == errc::conflict || code == errc::unavailable;
      return stored.error();
    }
    if (!change->outcome.unchanged)
      core->apply(*change);
    return change->outcome;
  }

  /// Reads the store again when it may hold more than the core knows.
  result<void> refresh() {
    if (!stale)
      return {};
    auto state = config.store->load();
    if (!state)
      return state.error();
    stale = false;
    if (*state == core->catalog())
      return {};
    core->replace(std::move(*state));
    spread();
    return {};
  }

  result<catalog_change> planned(const deploy_command& command) const {
    return plan(core->catalog(), command, config.clock->wall());
  }
  result<catalog_change> planned(const remove_command& command) const {
    return plan(core->catalog(), command);
  }

  result<catalog_change> planned(const rollback_command& command) const {
    return plan(core->catalog(), command);
  }

  template <class Call>
  void run(const Call& call) {
    mark->counters().count_handled();
    auto outcome = carry_out(call.command);
    const bool changed = outcome && !outcome->unchanged && !outcome->repeated;
    call.done(std::move(outcome));
    if (changed)
      spread();
  }

  void list(const list_call& call) {
    mark->counters().count_handled();
    call.done(core->list());
  }
  void versions(const versions_call& call) {
    mark->counters().count_handled();
    call.done(core->versions(call.function));
  }
  void describe(const describe_call& call) {
    mark->counters().count_handled();
    call.done(core->describe(call.function));
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
  void spread() const { config.publish(make_local(core->view())); }

  controller_config config;
  std::unique_ptr<controller_core> core;
  std::unique_ptr<alive_mark> mark;
  bool stale = false; ///< the store may have moved on without the core
};

controller_actor::behavior_type
controller_behavior(controller_actor::stateful_pointer<controller_state> self,
                    controller_config config) {
  self->state.start(std::move(config));
  return {
    [=](const local<deploy_call>& call) { self->state.run(*call); },
    [=](const local<remove_call>& call) { self->state.run(*call); },
    [=](const local<rollback_call>& call) { self->state.run(*call); },
    [=](const local<versions_call>& call) { self->state.versions(*call); },
    [=](const local<list_call>& call) { self->state.list(*call); },
    [=](const local<describe_call>& call) { self->state.describe(*call); },
    [=](const local<node_changed>& what) { self->state.changed(*what); },
    [=](const local<node_placements>& what) { self->state.reported(*what); },
  };
}

} // namespace

controller_actor spawn_controller(caf::actor_system& system,
                                  controller_config config) {
  return system.spawn<caf::detached>(controller_behavior, std::move(config));
}

} // namespace faas::actors
