#include "actors/functions/agent.hpp"

#include "actors/functions/coming_versions.hpp"
#include "actors/functions/structure_builder.hpp"
#include "actors/functions/view_follower.hpp"
#include "libfaas/scaling/limits.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr caf::timespan first_rest = 100ms, longest_rest = 30s;
/// A version that is wanted no more still takes events for so long: other nodes
/// hear of the change later, and what they sent before is on its way.
constexpr caf::timespan lame_duck = 2s;
/// How often the controller hears how busy versions are.
constexpr caf::timespan look_period = 1s;
/// How often others hear how far versions are that are being brought here.
constexpr caf::timespan progress_period = 500ms;

struct agent_state {
  static constexpr const char* name = "faas.agent";
  using pointer = agent_actor::stateful_pointer<agent_state>;

  explicit agent_state(pointer self) : self(self) {}
  /// An agent that was killed leaves no function actor behind.
  ~agent_state() {
    for (const auto& [version, child] : children)
      caf::anon_send_exit(child, caf::exit_reason::kill);
  }

  void start(agent_config with) {
    config = std::move(with);
    mark = std::make_unique<alive_mark>(*config.counters, actor_kind::agent);
    known.self = config.node;
    known.executors = config.hosts->threads().executors;
    follower = view_follower{config.node};
    if (!config.last)
      return;
    follower.restore(config.last, config.kept);
    follow();
  }

  // -- desired state ----------------------------------------------------------

  void view(const local<cluster_view>& fresh) {
    mark->counters().count_handled();
    if (stopping)
      return;
    const bool taken = follower.take(fresh, config.clock->now());
    if (auto news = follower.news(); !news.empty() && config.log)
      config.log(std::move(news));
    if (!taken)
      return;
    // Before what follows from it: see keep_replica.
    config.counters->of(actor_kind::keeper).count_sent();
    caf::anon_send(config.keeper,
                   make_local(keep_replica{follower.now(), follower.kept()}));
    follow();
  }

  void follow() {
    known.view = follower.now();
    std::set<version_ref> wanted;
    for (const auto& assigned : known.view->versions)
      if (assigned.nodes.count(config.node) > 0) {
        wanted.insert(assigned.version);
        if (children.count(assigned.version) == 0
            && resting.count(assigned.version) == 0)
          spawn(assigned);
        else if (is_another(assigned))
          wanted.erase(assigned.version); // it ends, then this one starts
        else
          tell_changes(assigned);
      }
    tell_in_use();
    // A view from before the controller has seen this node takes nothing away.
    const bool complete = knows_me(*known.view);
    for (const auto& [version, child] : children)
      if (wanted.count(version) > 0)
        leaving.erase(version);
      else if (closing.count(version) == 0 && complete)
        leave(version);
    if (!complete)
      publish({});
    else if (std::exchange(reported, true))
      publish([tell = config.settled, all = settled()] { tell(all); });
    else
      publish_and_report(); // also when nothing runs here
    close_left();
  }

  /// Another history may give a number to another bundle.
  bool is_another(const assigned_version& assigned) const {
    const auto runs = bundles.find(assigned.version);
    return runs != bundles.end() && runs->second != assigned.bundle;
  }

  /// Without a host there is nothing to wait for.
  void leave(const version_ref& version) {
    const auto pause
      = known.hosts.count(version) > 0 ? lame_duck : caf::timespan{};
    if (!leaving.emplace(version, config.clock->now() + pause).second)
      return;
    if (pause.count() > 0)
      self->delayed_send(self, pause, caf::tick_atom::value);
  }

  /// Hosts leave the structure before they close.
  void close_left() {
    const auto now = config.clock->now();
    std::vector<function_actor> due;
    bool hosts_left = false; // or places to wait for one
    for (auto it = leaving.begin(); it != leaving.end();) {
      if (now < it->second) {
        ++it;
        continue;
      }
      closing.insert(it->first);
      hosts_left = known.hosts.erase(it->first) > 0 || hosts_left;
      hosts_left = coming.drop(known, it->first) || hosts_left;
      due.push_back(children.at(it->first));
      it = leaving.erase(it);
    }
    if (hosts_left)
      publish({});
    for (const auto& child : due)
      close(child);
  }

  /// Before the controller has seen this node its assignments say nothing.
  bool knows_me(const cluster_view& view) const {
    return std::any_of(view.nodes.begin(), view.nodes.end(),
                       [&](const node_record& node) {
                         return node.name == config.node && node.connected;
                       });
  }

  void spawn(const assigned_version& assigned) {
    function_config made;
    made.version = assigned.version;
    made.spec = assigned.spec;
    made.bundle = assigned.bundle;
    if (auto build = choose_build(assigned.spec, assigned.bundle,
                                  config.platform)) {
      made.bundle = build->bundle;
      made.spec.petrel.artifact = build->artifact;
      made.spec.petrel.kind = build->kind;
    } else {
      made.unfit = build.error();
    }
    in_use[assigned.version] = made.bundle;
    made.node = config.node;
    made.hosts = config.hosts;
    made.logs = config.logs;
    made.counters = config.counters;
    made.clock = config.clock;
    made.keeper = config.keeper;
    made.vault = config.vault;
    made.secrets = assigned.secrets;
    made.room = room;
    made.scale = orders[assigned.version] = order_of(assigned);
    made.report = [me = agent_actor{self},
                   counters = config.counters](local<placement_changed> what) {
      counters->of(actor_kind::agent).count_sent();
      caf::anon_send(me, std::move(what));
    };
    auto child = spawn_function(self->system(), std::move(made));
    self->monitor(child);
    children[assigned.version] = child;
    secrets[assigned.version] = assigned.secrets;
    bundles[assigned.version] = assigned.bundle;
    note_elastic(assigned);
  }

  /// The keeper drops none of these from its cache.
  void tell_in_use() {
    bundles_in_use now;
    for (const auto& [version, bundle] : in_use)
      now.bundles.insert(bundle);
    if (now.bundles == told_in_use)
      return;
    told_in_use = now.bundles;
    config.counters->of(actor_kind::keeper).count_sent();
    caf::anon_send(config.keeper, make_local(std::move(now)));
  }

  /// Tells a function that runs when its secrets have other values, or another
  /// number of instances is wanted.
  void tell_changes(const assigned_version& assigned) {
    const auto child = children.find(assigned.version);
    if (child == children.end())
      return;
    if (auto& told = secrets[assigned.version]; told != assigned.secrets) {
      told = assigned.secrets;
      config.counters->of(actor_kind::function).count_sent();
      caf::anon_send(child->second, make_local(secrets_moved{told}));
    }
    if (auto& told = orders[assigned.version]; told != order_of(assigned)) {
      told = order_of(assigned);
      note_elastic(assigned);
      config.counters->of(actor_kind::function).count_sent();
      caf::anon_send(child->second, make_local(scale_moved{told}));
    }
  }

  scale_order order_of(const assigned_version& assigned) const {
    scale_order made;
    if (assigned.scale) {
      made.least = assigned.scale->least;
      made.since = assigned.scale->since;
    }
    made.held = assigned.held.contains(config.node);
    return made;
  }

  // -- load -------------------------------------------------------------------

  /// Only versions that may leave the memory have one that matters.
  void note_elastic(const assigned_version& assigned) {
    if (assigned.scale ? assigned.scale->least == 0
                       : scaling::limits_of(assigned.spec).to_zero)
      elastic.insert(assigned.version);
    else
      elastic.erase(assigned.version);
    look_soon();
  }

  void look_soon() {
    if (elastic.empty() || stopping || !config.report_loads
        || std::exchange(looks, true))
      return;
    self->delayed_send(self, look_period, caf::update_atom::value);
  }

  void look() {
    looks = false;
    wire::loads all;
    for (const auto& version : elastic)
      if (const auto host = known.hosts.find(version);
          host != known.hosts.end())
        if (const auto now = host->second->current_load())
          all.versions.push_back({version, now->rate, now->service, now->busy,
                                  now->instances, now->slots});
    if (!all.versions.empty() && !stopping)
      config.report_loads(std::move(all));
    look_soon();
  }

  void close(const function_actor& child) {
    config.counters->of(actor_kind::function).count_sent();
    caf::anon_send(child, caf::close_atom::value);
  }

  // -- what became of it ------------------------------------------------------

  void changed(const placement_changed& what) {
    mark->counters().count_handled();
    const auto& version = what.now.version;
    if (children.count(version) == 0)
      return;
    known.own[version] = what.now;
    if (what.host && closing.count(version) == 0)
      known.hosts[version] = what.host;
    else
      known.hosts.erase(version);
    if (closing.count(version) == 0)
      coming.note(known, what, config.clock->now());
    watch_coming();
    publish_soon();
  }

  void watch_coming() {
    if (!coming.empty() && !stopping && !std::exchange(watches, true))
      self->delayed_send(self, progress_period, caf::put_atom::value);
  }

  void look_at_coming() {
    watches = false;
    if (stopping)
      return;
    if (coming.look(known, config.clock->now()))
      publish_and_report();
    watch_coming();
  }

  void peers(const peers_changed& what) {
    mark->counters().count_handled();
    known.peers = what.peers;
    publish({});
  }

  /// A function actor ended: after a drain, or by a fault of its own.
  void down(const caf::down_msg& what) {
    for (auto it = children.begin(); it != children.end(); ++it) {
      if (it->second.address() != what.source)
        continue;
      const auto version = it->first;
      children.erase(it);
      bundles.erase(version);
      orders.erase(version);
      elastic.erase(version);
      leaving.erase(version);
      known.hosts.erase(version);
      coming.drop(known, version);
      known.own.erase(version);
      drop_secrets_of(version);
      const bool planned = closing.erase(version) > 0;
      if (!planned && !stopping)
        rest(version);
      else if (!stopping)
        spawn_if_wanted(version);
      if (children.count(version) == 0 && resting.count(version) == 0)
        in_use.erase(version);
      tell_in_use();
      publish_soon();
      break;
    }
    if (stopping && children.empty())
      self->quit(caf::exit_reason::user_shutdown);
  }

  void drop_secrets_of(const version_ref& version) {
    const auto found = secrets.find(version);
    if (config.vault && found != secrets.end() && !found->second.empty()) {
      config.counters->of(actor_kind::vault).count_sent();
      caf::anon_send(config.vault, make_local(drop_secrets{version}));
    }
    secrets.erase(version);
  }

  /// A function actor that died by a fault of its own gets another try, each
  /// time later: one that always dies must not keep the node busy.
  void rest(const version_ref& version) {
    auto& pause = pauses[version];
    pause = pause.count() == 0 ? first_rest : std::min(2 * pause, longest_rest);
    resting[version] = config.clock->now() + pause;
    self->delayed_send(self, pause, caf::tick_atom::value);
  }

  void tick() {
    if (!stopping)
      close_left();
    const auto now = config.clock->now();
    std::vector<version_ref> due;
    for (const auto& [version, at] : resting)
      if (now >= at)
        due.push_back(version);
    for (const auto& version : due) {
      resting.erase(version);
      if (stopping)
        continue;
      config.counters->of(actor_kind::function).restarts.fetch_add(1);
      spawn_if_wanted(version);
    }
  }

  /// After a fault, or when the version was assigned again while it drained.
  void spawn_if_wanted(const version_ref& version) {
    for (const auto& assigned : known.view->versions)
      if (assigned.version == version
          && assigned.nodes.count(config.node) > 0)
        spawn(assigned);
  }

  void stop() {
    if (std::exchange(stopping, true))
      return;
    known.hosts.clear();
    coming.clear(known);
    leaving.clear();
    publish({});
    for (const auto& [version, child] : children)
      close(child);
    if (children.empty())
      self->quit(caf::exit_reason::user_shutdown);
  }

  void publish(std::function<void()> then) {
    auto made = build_structure(known);
    made.published = std::move(then);
    config.counters->of(actor_kind::predictor).count_sent();
    caf::anon_send(config.predictor, make_local(std::move(made)));
  }

  /// Once for all that is in the mailbox already: thousands of functions may
  /// get ready at once.
  void publish_soon() {
    if (!std::exchange(changed_since, true))
      self->send(self, caf::flush_atom::value);
  }

  void flush() {
    if (std::exchange(changed_since, false) && !stopping)
      publish_and_report();
  }

  /// What is reported holds for events already: loops route by it.
  void publish_and_report() {
    changed_since = false;
    node_placements all;
    all.node = config.node;
    for (const auto& [version, at] : known.own)
      all.placements.push_back(at);
    publish([report = config.report, tell = config.settled, ended = settled(),
             all = make_local(std::move(all))] {
      report(all);
      tell(ended);
    });
  }

  /// Every assignment has reached an end state.
  bool settled() const {
    const bool ended = std::all_of(
      known.own.begin(), known.own.end(), [](const auto& entry) {
        const auto state = entry.second.status.state;
        return state != instance_state::pending
               && state != instance_state::pulling
               && state != instance_state::loading;
      });
    return ended && known.own.size() == children.size();
  }

  pointer self;
  agent_config config;
  std::unique_ptr<alive_mark> mark;
  known_state known;
  view_follower follower;
  std::map<version_ref, function_actor> children;
  std::map<version_ref, digest> bundles; ///< of these, as assigned
  std::map<version_ref, digest> in_use;  ///< their builds for this node
  std::set<digest> told_in_use;
  std::set<version_ref> closing;
  std::map<version_ref, time_point> leaving; ///< when they close
  std::map<version_ref, time_point> resting; ///< died; when to start them
  std::map<version_ref, caf::timespan> pauses;
  bool reported = false; ///< at all
  bool changed_since = false; ///< something is to be published and reported
  std::map<version_ref, string_map> secrets; ///< stamps that each was told
  std::map<version_ref, scale_order> orders; ///< likewise
  std::set<version_ref> elastic; ///< may leave the memory
  bool looks = false; ///< the next look at their load comes
  coming_versions coming;
  bool watches = false; ///< the next look at those comes
  std::shared_ptr<waiting_room> room = std::make_shared<waiting_room>();
  bool stopping = false;
};

agent_actor::behavior_type agent_behavior(agent_state::pointer self,
                                          agent_config config) {
  self->state.start(std::move(config));
  self->set_down_handler(
    [self](const caf::down_msg& what) { self->state.down(what); });
  self->set_exit_handler([self](const caf::exit_msg&) { self->state.stop(); });
  return {
    [=](const local<cluster_view>& view) { self->state.view(view); },
    [=](const local<placement_changed>& what) { self->state.changed(*what); },
    [=](const local<peers_changed>& what) { self->state.peers(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
    [=](caf::update_atom) { self->state.look(); },
    [=](caf::put_atom) { self->state.look_at_coming(); },
    [=](caf::flush_atom) { self->state.flush(); },
  };
}

} // namespace

agent_actor spawn_agent(caf::actor_system& system, agent_config config) {
  return system.spawn(agent_behavior, std::move(config));
}

} // namespace faas::actors
