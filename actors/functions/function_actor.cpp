#include "actors/functions/function_actor.hpp"

#include "actors/functions/deployment_facts.hpp"
#include "actors/functions/servers.hpp"

#include "actors/functions/version_secrets.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <cstdlib>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto first_retry = 500ms;
constexpr auto longest_retry = 30s;
/// Instances that were replaced still take events for so long: loops hear of
/// the new ones later.
constexpr caf::timespan lame_duck = 2s;

/// Failures of getting the bundle that may pass by themselves.
bool may_pass(errc code) noexcept {
  return code == errc::unavailable || code == errc::overloaded
         || code == errc::storage_full || code == errc::deadline_exceeded
         || code == errc::internal;
}

/// What sample events took of a load: nothing that comes back into memory waits
/// for them again.
double sampled_ms(const string_map& facts) {
  const auto at = facts.find("samples_ms");
  return at == facts.end() ? 0 : std::strtod(at->second.c_str(), nullptr);
}

/// A host and the number that its messages carry.
struct numbered_host {
  std::shared_ptr<function_host> host; ///< null: none
  uint64_t number = 0;
};

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
    now.status.slots
      = servers_of(config.spec.petrel, config.hosts->threads());
    secrets = version_secrets{config.spec.secrets, config.secrets};
    if (config.unfit) {
      note(config.unfit->to_string());
      enter(instance_state::failed, config.unfit->to_string());
      return;
    }
    pull();
  }

  void pull() {
    progress = std::make_shared<pull_progress>();
    if (config.room && !pending)
      pending = std::make_shared<pending_host>(config.version, *config.clock,
                                               config.room);
    enter(instance_state::pulling, {});
    auto need = std::make_shared<need_bundle>();
    need->bundle = config.bundle;
    need->progress = progress;
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
    folder = *what.folder;
    if (secrets.wanted().empty() && secrets.complete())
      load();
    else if (auto asked = ask_for_secrets(); !asked)
      fail(asked.error());
  }

  void load() {
    began = config.clock->now();
    enter(instance_state::loading, {});
    if (auto opened = open_host())
      current = std::move(*opened);
    else
      fail(opened.error());
  }

  result<numbered_host> open_host() {
    const auto number = ++hosts_made;
    host_request request{config.version, config.spec, config.bundle, folder,
                         secrets.folder(), config.scale};
    auto opened = config.hosts->open(std::move(request), events(number));
    if (!opened)
      return opened.error();
    return numbered_host{std::move(*opened), number};
  }

  host_events events(uint64_t number) {
    host_events to;
    to.loaded = [me = handle(), number](result<void> how) {
      host_loaded what{number, {}};
      if (!how)
        what.failure = how.error();
      if (auto target = caf::actor_cast<function_actor>(me))
        caf::anon_send(target, make_local(std::move(what)));
    };
    to.quarantined = [me = handle(), number](std::string reason) {
      if (auto target = caf::actor_cast<function_actor>(me))
        caf::anon_send(target, make_local(
                                 host_quarantined{number, std::move(reason)}));
    };
    to.changed = [me = handle(), number] {
      if (auto target = caf::actor_cast<function_actor>(me))
        caf::anon_send(target, make_local(host_changed{number}));
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
    // A host may say so before open() has returned it to us.
    if (what.host == next.number && next.number != 0)
      return took_over(what);
    if (what.host != hosts_made || now.status.state != instance_state::loading)
      return;
    if (what.failure) {
      current = {};
      fail(*what.failure);
      return;
    }
    serve();
    renew();
  }

  /// The current host takes events from now on.
  void serve(std::string reason = {}) {
    now.status.facts = current.host->facts();
    now.status.facts["load_ms"]
      = std::to_string(static_cast<int64_t>(std::max(
        to_ms(config.clock->now() - began) - sampled_ms(now.status.facts),
        0.0)));
    now.profile = current.host->profile();
    say_how_it_came();
    pause = first_retry;
    // Before later events find the host itself.
    if (auto waiting = std::exchange(pending, nullptr))
      waiting->hand_over(current.host);
    enter(instance_state::ready, std::move(reason));
  }

  /// So that others know what a pull to this node takes.
  void say_how_it_came() {
    if (progress && progress->known && progress->left == 0)
      say_pull(now.status.facts,
               {static_cast<double>(progress->got.load()), 0,
                to_ms(duration{progress->heard_ns - progress->began_ns})});
  }

  void quarantined(const host_quarantined& what) {
    mark->counters().count_handled();
    if (!closing && what.host == current.number)
      enter(instance_state::quarantined, what.reason);
  }

  /// Its facts are others than those that were reported.
  void changed(const host_changed& what) {
    mark->counters().count_handled();
    if (closing || what.host != current.number
        || now.status.state != instance_state::ready)
      return;
    auto facts = current.host->facts();
    facts.try_emplace("load_ms", now.status.facts["load_ms"]);
    if (const auto pull = pull_in(now.status.facts))
      say_pull(facts, *pull);
    now.status.facts = std::move(facts);
    enter(instance_state::ready, now.status.reason);
  }

  void fail(const error& why) {
    note(why.to_string());
    const auto waiting = std::exchange(pending, nullptr);
    enter(instance_state::failed, why.to_string());
    if (waiting) // once it is no candidate any more
      waiting->give_back(why.message);
    if (may_pass(why.code))
      retry();
  }

  void retry() {
    self->delayed_send(self, pause, caf::tick_atom::value);
    pause = std::min<caf::timespan>(pause * 2, longest_retry);
  }

  void tick() {
    if (closing)
      return;
    close_replaced();
    if (now.status.state == instance_state::failed)
      pull();
    else
      renew();
  }

  // -- secrets ------------------------------------------------------------------

  result<void> ask_for_secrets() {
    if (!secrets.complete())
      return secrets.what_is_missing();
    if (!config.vault)
      return error{errc::unavailable, "this node has no place for secrets"};
    need_secrets need{config.version, secrets.wanted(), {}};
    need.done = [me = handle()](secrets_ready what) {
      if (auto to = caf::actor_cast<function_actor>(me))
        caf::anon_send(to, make_local(std::move(what)));
    };
    asked = true;
    config.counters->of(actor_kind::vault).count_sent();
    caf::anon_send(config.vault, make_local(std::move(need)));
    return {};
  }

  void secrets_here(const secrets_ready& what) {
    mark->counters().count_handled();
    if (closing || !std::exchange(asked, false))
      return;
    const bool serves = now.status.state == instance_state::ready;
    if (!what.folder)
      return serves ? keep_old(what.folder.error())
                    : fail(what.folder.error());
    const auto changed = secrets.got(what.stamps, *what.folder);
    if (now.status.state == instance_state::pulling)
      return load();
    if (!serves || changed.empty())
      return;
    if (config.spec.petrel.on_secret == secret_policy::notify) {
      secrets.tell(changed);
      enter(instance_state::ready, {});
      renew();
    } else {
      replace();
    }
  }

  void moved(const secrets_moved& what) {
    mark->counters().count_handled();
    secrets.want(what.stamps);
    if (closing)
      return;
    if (now.status.state == instance_state::failed)
      pull(); // it may be what was missing
    else
      renew();
  }

  void rescale(const scale_moved& what) {
    mark->counters().count_handled();
    config.scale = what.order;
    for (const auto& each : {current, next})
      if (each.host)
        each.host->rescale(config.scale);
  }

  /// Gets what is wanted now, unless that is under way.
  void renew() {
    if (now.status.state != instance_state::ready || asked
        || next.number != 0 || secrets.up_to_date())
      return;
    if (auto done = ask_for_secrets(); !done)
      keep_old(done.error());
  }

  /// New instances beside the old ones.
  void replace() {
    began = config.clock->now();
    next.number = hosts_made + 1;
    auto opened = open_host();
    if (opened) {
      next.host = std::move(opened->host);
    } else {
      next = {};
      keep_old(opened.error());
    }
  }

  void took_over(const host_loaded& what) {
    auto fresh = std::exchange(next, {});
    if (what.failure) {
      keep_old(*what.failure);
      return;
    }
    replaced.emplace_back(std::exchange(current, std::move(fresh)).host,
                          config.clock->now() + lame_duck);
    self->delayed_send(self, lame_duck, caf::tick_atom::value);
    serve();
    renew();
  }

  /// A secret changed, but what runs cannot follow: it goes on as it is.
  void keep_old(const error& why) {
    const auto text = "a secret has changed, but what runs still has the old "
                      "value: "
                      + why.to_string();
    note(text);
    enter(instance_state::ready, text);
    if (may_pass(why.code) && !secrets.up_to_date())
      retry();
  }

  // -- the end ------------------------------------------------------------------

  void close_replaced() {
    const auto time = config.clock->now();
    std::erase_if(replaced, [&](auto& entry) {
      if (time < entry.second)
        return false;
      end(std::move(entry.first));
      return true;
    });
  }

  /// The host calls back when its last event was answered; the actor lives
  /// until then, so that whoever waits for its end waits for the drain.
  void end(std::shared_ptr<function_host> old) {
    if (!old)
      return;
    ++draining;
    old->close([me = caf::actor_cast<function_actor>(self), old] {
      caf::anon_send(me, make_local(host_closed{}));
    });
  }

  void ended() {
    --draining;
    if (closing && draining == 0)
      self->quit();
  }

  void close() {
    mark->counters().count_handled();
    if (std::exchange(closing, true))
      return;
    auto old = std::exchange(current, {});
    const auto waiting = std::exchange(pending, nullptr);
    enter(instance_state::draining, {});
    if (waiting)
      waiting->give_back("it is brought there no more");
    end(std::move(old.host));
    end(std::exchange(next, {}).host);
    for (auto& [host, at] : replaced)
      end(std::move(host));
    replaced.clear();
    if (draining == 0)
      self->quit();
  }

  void enter(instance_state state, std::string reason) {
    now.status.state = state;
    now.status.reason = std::move(reason);
    placement_changed what;
    what.now = now;
    if (state == instance_state::ready)
      what.host = current.host;
    if (state == instance_state::pulling || state == instance_state::loading) {
      what.pending = pending;
      what.pull = progress;
      if (state == instance_state::loading)
        what.loading_since = began;
    }
    config.report(make_local(std::move(what)));
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
  std::filesystem::path folder; ///< of the bundle
  std::shared_ptr<pull_progress> progress; ///< of its bundle, the last time
  std::shared_ptr<pending_host> pending; ///< until it is ready for the first time
  numbered_host current;
  numbered_host next; ///< being loaded, to take over
  std::vector<std::pair<std::shared_ptr<function_host>, time_point>>
    replaced; ///< and when they close
  uint64_t hosts_made = 0;
  uint32_t draining = 0;
  version_secrets secrets;
  bool asked = false; ///< the vault, which has not answered yet
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
    [=](const local<host_changed>& what) { self->state.changed(*what); },
    [=](const local<host_closed>&) { self->state.ended(); },
    [=](const local<secrets_ready>& what) { self->state.secrets_here(*what); },
    [=](const local<secrets_moved>& what) { self->state.moved(*what); },
    [=](const local<scale_moved>& what) { self->state.rescale(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
    [=](caf::close_atom) { self->state.close(); },
  };
}

} // namespace

function_actor spawn_function(caf::actor_system& system,
                              function_config config) {
  return system.spawn(function_behavior, std::move(config));
}

} // namespace faas::actors
