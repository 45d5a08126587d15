#include "actors/functions/function_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto first_retry = 500ms;
constexpr auto longest_retry = 30s;

/// Failures of getting the bundle that may pass by themselves.
bool may_pass(errc code) noexcept {
  return code == errc::unavailable || code == errc::overloaded
         || code == errc::storage_full || code == errc::deadline_exceeded
         || code == errc::internal;
}

struct function_state {
  static constexpr const char* name = "faas.function";
  using pointer = function_actor::stateful_pointer<function_state>;

  explicit function_state(pointer self) : self(self) {}

  void start(function_config with) {
    config = std::move(with);
    mark = std::make_unique<alive_mark>(*config.counters,
                                        actor_kind::function);
    now.version = config.version;
    now.status.node = config.node;
    now.status.version = config.version.version;
    if (config.unfit) {
      note(config.unfit->to_string());
      enter(instance_state::failed, config.unfit->to_string());
      return;
    }
    pull();
  }

  void pull() {
    enter(instance_state::pulling, {});
    auto need = std::make_shared<need_bundle>();
    need->bundle = config.bundle;
    need->done = [me = handle()](result<std::filesystem::path> folder) {
      if (auto to = caf::actor_cast<function_actor>(me))
        caf::anon_send(to, make_local(bundle_ready{std::move(folder)}));
    };
    config.counters->of(actor_kind::keeper).count_sent();
    caf::anon_send(config.keeper, local<need_bundle>{std::move(need)});
  }

  void bundle(const bundle_ready& what) {
    mark->counters().count_handled();
    if (closing)
      return;
    if (!what.folder) {
      fail(what.folder.error());
      return;
    }
    began = config.clock->now();
    enter(instance_state::loading, {});
    host_request request{config.version, config.spec, config.bundle,
                         *what.folder};
    auto opened = config.hosts->open(std::move(request), events());
    if (opened)
      host = std::move(*opened);
    else
      fail(opened.error());
  }

  host_events events() {
    host_events to;
    to.loaded = [me = handle()](result<void> how) {
      host_loaded what;
      if (!how)
        what.failure = how.error();
      if (auto target = caf::actor_cast<function_actor>(me))
        caf::anon_send(target, make_local(std::move(what)));
    };
    to.quarantined = [me = handle()](std::string reason) {
      if (auto target = caf::actor_cast<function_actor>(me))
        caf::anon_send(target, make_local(host_quarantined{std::move(reason)}));
    };
    to.log = [logs = config.logs, node = config.node](log_line line) {
      line.instance = node.str();
      logs->add(std::move(line));
    };
    return to;
  }

  void loaded(const host_loaded& what) {
    mark->counters().count_handled();
    if (closing)
      return;
    if (what.failure) {
      host.reset();
      fail(*what.failure);
      return;
    }
    now.status.facts = host->facts();
    now.status.facts["load_ms"]
      = std::to_string(static_cast<int64_t>(
        to_ms(config.clock->now() - began)));
    now.status.slots = config.spec.petrel.concurrency;
    now.profile = host->profile();
    enter(instance_state::ready, {});
  }

  void quarantined(const host_quarantined& what) {
    mark->counters().count_handled();
    if (!closing)
      enter(instance_state::quarantined, what.reason);
  }

  void fail(const error& why) {
    note(why.to_string());
    enter(instance_state::failed, why.to_string());
    if (!may_pass(why.code))
      return;
    self->delayed_send(self, pause, caf::tick_atom::value);
    pause = std::min<caf::timespan>(pause * 2, longest_retry);
  }

  void again() {
    if (!closing && now.status.state == instance_state::failed)
      pull();
  }

  void close() {
    mark->counters().count_handled();
    if (std::exchange(closing, true))
      return;
    auto old = std::exchange(host, nullptr);
    enter(instance_state::draining, {});
    if (!old) {
      self->quit();
      return;
    }
    // The host calls back when its last event was answered; the actor lives
    // until then, so that whoever waits for its end waits for the drain.
    old->close([me = caf::actor_cast<caf::strong_actor_ptr>(self), old] {
      caf::anon_send_exit(me, caf::exit_reason::user_shutdown);
    });
  }

  void enter(instance_state state, std::string reason) {
    now.status.state = state;
    now.status.reason = std::move(reason);
    const bool serves = state == instance_state::ready;
    config.report(make_local(placement_changed{now, serves ? host : nullptr}));
  }

  void note(std::string text) const {
    log_line line;
    line.at = config.clock->wall();
    line.function = config.version.function;
    line.version = config.version.version;
    line.instance = config.node.str();
    line.text = std::move(text);
    config.logs->add(std::move(line));
  }

  caf::actor_addr handle() const { return self->address(); }

  pointer self;
  function_config config;
  std::unique_ptr<alive_mark> mark;
  std::shared_ptr<function_host> host;
  placement now;
  time_point began{};
  caf::timespan pause = first_retry;
  bool closing = false;
};

function_actor::behavior_type function_behavior(function_state::pointer self,
                                                function_config config) {
  self->state.start(std::move(config));
  return {
    [=](const local<bundle_ready>& what) { self->state.bundle(*what); },
    [=](const local<host_loaded>& what) { self->state.loaded(*what); },
    [=](const local<host_quarantined>& what) {
      self->state.quarantined(*what);
    },
    [=](caf::tick_atom) { self->state.again(); },
    [=](caf::close_atom) { self->state.close(); },
  };
}

} // namespace

function_actor spawn_function(caf::actor_system& system,
                              function_config config) {
  return system.spawn(function_behavior, std::move(config));
}

} // namespace faas::actors
