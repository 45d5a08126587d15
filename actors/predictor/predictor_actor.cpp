#include "actors/predictor/predictor_actor.hpp"

#include "actors/predictor/cpu_probe.hpp"
#include "actors/predictor/experience_keeper.hpp"
#include "actors/predictor/known_versions.hpp"
#include "actors/predictor/peer_estimates.hpp"
#include "actors/predictor/probe_turns.hpp"
#include "actors/predictor/quality_book.hpp"
#include "actors/predictor/site_rows.hpp"

#include "libfaas/manifest/work.hpp"
#include "libfaas/routing/predictor.hpp"
#include "libfaas/routing/profile.hpp"

#include <utility>

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;

constexpr auto tick_period = 100ms;
constexpr uint64_t ticks_per_quality = 10, ticks_per_save = 600;

std::string key_of(const version_ref& version) {
  return version.function.str() + "@" + std::to_string(version.version);
}

struct predictor_state {
  static constexpr const char* name = "faas.predictor";
  using pointer = predictor_actor::stateful_pointer<predictor_state>;

  explicit predictor_state(pointer self) : self(self) {}
  ~predictor_state() { keep_experience(); }

  void start(predictor_actor_config with) {
    config = with;
    mark = std::make_unique<alive_mark>(*config.counters,
                                        actor_kind::predictor);
    recall();
    if (config.probe)
      prober = std::make_unique<cpu_probe>(
        [me = self->address(), site = own_site(),
         counters = config.counters](double slowdown) {
          if (auto to = caf::actor_cast<predictor_actor>(me)) {
            counters->of(actor_kind::predictor).count_sent();
            caf::anon_send(to, make_local(probe_seen{site, slowdown}));
          }
        });
    self->delayed_send(self, tick_period, caf::tick_atom::value);
  }

  // -- structure --------------------------------------------------------------

  void learn(const local<structure>& fresh) {
    mark->counters().count_handled();
    current = fresh;
    std::set<node_name> routers{config.node};
    for (const auto& site : fresh->sites) {
      add_site(site);
      routers.insert(site.node);
    }
    core.set_routers(static_cast<double>(routers.size()));
    auto table = std::make_shared<routing_table>();
    has_choice = false;
    for (const auto& function : fresh->functions)
      has_choice = has_choice
                   || (function.targets.size() > 1
                       && function.spec.petrel.policy.starts_with(
                           "min-latency"));
    add_routes(*table, *fresh);
    forget_removed(*fresh); // once their successors have begun
    adopt_from_peers();
    core.publish(config.clock->now());
    table->hosts.insert(fresh->hosts.begin(), fresh->hosts.end());
    config.board->publish(std::move(table));
    if (fresh->published)
      fresh->published();
  }

  /// One route per function: the version in service, with the others.
  void add_routes(routing_table& table, const structure& fresh) {
    std::map<function_name, std::shared_ptr<route>> in_service;
    for (const auto& function : fresh.functions)
      if (function.in_service)
        in_service[function.version.function] = route_for(function);
    for (const auto& function : fresh.functions) {
      const auto of = in_service.find(function.version.function);
      if (of == in_service.end())
        continue;
      for (const auto& alias : function.aliases)
        of->second->aliases[alias] = function.version.version;
      if (function.in_service)
        continue;
      auto other = route_for(function);
      other->view.version = function.version.version;
      if (other->targets.empty())
        other->weight = 0;
      of->second->others.push_back(std::move(other));
    }
    for (auto& [name, route] : in_service)
      table.routes.emplace(name.str(), std::move(route));
  }

  void add_site(const structure::site& site) {
    const bool here = site.node == config.node;
    if (sites.count(site.name) > 0)
      return;
    auto spec = here ? routing::loopback_link() : routing::link_spec{};
    if (!here)
      spec.name = site.node.str();
    const auto link = core.add_link(spec);
    if (!link)
      return;
    links[site.node] = *link;
    const auto index = core.add_site(
      {site.name.str(), site.tier, *link, site.servers});
    if (index)
      sites[site.name] = *index;
  }

  void forget_removed(const structure& fresh) {
    std::set<version_ref> kept;
    for (const auto& function : fresh.functions)
      kept.insert(function.version);
    for (const auto& [version, lost] : versions.forget(
           [&](const version_ref& version) { return !kept.contains(version); })) {
      bequeath(version, lost);
      core.remove_function(lost.index);
    }
  }

  /// What it has learned since the others began, at sites new to them.
  void bequeath(const version_ref& gone, const known_versions::entry& of) {
    for (const auto& [version, other] : versions.all())
      if (version.function == gone.function)
        core.succeed(other.index, of.index,
                     known_versions::compare(other, of));
  }

  /// A version that is new begins with what another one of the function has
  /// taught.
  std::optional<routing::function_index>
  index_of(const structure::function& from) {
    if (const auto* known = versions.find(from.version))
      return known->index;
    const auto added = core.add_function(key_of(from.version));
    if (!added)
      return std::nullopt;
    known_versions::entry fresh{*added,
                                from.bundle.hex() + work_of(from.spec),
                                from.spec.petrel.size};
    if (const auto parent = versions.parent_of(from.version, fresh)) {
      core.succeed(*added, parent->index, parent->what);
      if (parent->what == routing::likeness::same_work) // they say nothing new
        fresh.trial_runs = versions.find(parent->version)->trial_runs;
    }
    versions.add(from.version, std::move(fresh));
    return *added;
  }

  std::shared_ptr<route> route_for(const structure::function& from) {
    const auto now = config.clock->now();
    const auto& petrel = from.spec.petrel;
    auto made = std::make_shared<route>();
    made->version = from.version;
    made->view.name = from.version.function;
    made->view.timeout = petrel.timeout;
    made->view.max_body_bytes = petrel.max_body_bytes;
    made->view.size = petrel.size;
    made->view.topics = petrel.topics;
    made->view.reply_topic = petrel.reply_topic;
    made->view.idempotent = petrel.idempotent;
    made->why_empty = from.why_empty;
    made->unfit = from.unfit;
    made->weight = from.weight;
    made->watched = from.watched;
    made->policy = petrel.policy;
    made->key = petrel.key;
    made->lighter = petrel.lighter;
    made->deadline = petrel.deadline;
    if (petrel.policy.starts_with("static:")) {
      made->policy = "static";
      made->fixed_name = petrel.policy.substr(7);
      const auto site = sites.find(site_name{made->fixed_name});
      if (site != sites.end())
        made->fixed = site->second;
    }
    const auto index = index_of(from);
    if (!index)
      return made;
    made->index = *index;
    for (auto target : from.targets) {
      const auto site = sites.find(target.site);
      if (site == sites.end())
        continue;
      target.index = site->second;
      use_profile(from, *index, target, now);
      use_loads(from, *index, target, now);
      target.cell = core.cell(made->index, target.index, now);
      share_loads(target);
      made->targets.push_back(std::move(target));
    }
    return made;
  }

  /// One of each per site, whatever the function.
  void share_loads(route_target& target) {
    auto& load = loads[target.site];
    if (!load.first)
      load = {std::make_shared<routing::shared_load>(target.servers),
              std::make_shared<routing::shared_link_load>()};
    std::tie(target.load, target.link_load) = load;
  }

  /// A trial run is used once per function and site.
  void use_profile(const structure::function& from,
                   routing::function_index index, const route_target& target,
                   time_point now) {
    const auto points = from.profiles.find(target.site);
    if (points == from.profiles.end() || points->second.size() < 2
        || !versions.find(from.version)->trial_runs.insert(target.site).second)
      return;
    std::vector<routing::profile_point> measured;
    for (const auto& point : points->second)
      measured.push_back({point.size, point.ms});
    core.set_profile(index, target.index,
                     routing::fit_line(measured), now);
  }

  /// What a site says of loading a version, whenever that changes.
  void use_loads(const structure::function& from,
                 routing::function_index index, const route_target& target,
                 time_point now) {
    const auto said = from.loads.find(target.site);
    if (said == from.loads.end())
      return;
    auto& known = versions.find(from.version)->loads[target.site];
    const auto& fresh = said->second;
    if (fresh.load_ms > 0 && fresh.load_ms != known.load_ms)
      core.observe_load(index, target.index, fresh.load_ms, now);
    if (fresh.away != known.away)
      core.observe_residency(index, target.index, !fresh.away, now);
    known = fresh;
  }

  // -- other routers ----------------------------------------------------------

  void tell(const estimates_wanted& what) {
    mark->counters().count_handled();
    what.back(to_text(core.experience(most_told_pairs)));
  }

  /// Kept for functions and sites that come later, too.
  void hear(const estimates_arrived& what) {
    mark->counters().count_handled();
    auto told = experience_of(what.text);
    if (!told)
      return;
    heard[what.from] = std::move(*told);
    adopt_from_peers();
    core.publish(config.clock->now());
  }

  void adopt_from_peers() {
    for (auto at = heard.begin(); at != heard.end();) {
      auto& told = at->second;
      core.adopt(told, config.clock->now());
      at = told.sites.empty() && told.pairs.empty() ? heard.erase(at)
                                                    : std::next(at);
    }
  }

  /// What this node knew before its restart is as good as what a peer tells.
  void recall() {
    if (config.experience == nullptr)
      return;
    keeper
      = std::make_unique<experience_keeper>(*config.experience, config.log);
    auto kept = config.experience->load();
    if (kept && !*kept)
      return;
    auto known = kept ? experience_of(**kept) : kept.error();
    if (known)
      heard[config.node] = std::move(*known);
    else if (config.log)
      config.log("what was learned before the restart cannot be read ("
                 + known.error().message + "): it is learned anew");
  }

  void keep_experience() {
    if (!keeper || !std::exchange(learned, false))
      return;
    auto known = core.experience(most_told_pairs, true);
    // And what is not deployed or not there at the moment.
    if (const auto rest = heard.find(config.node); rest != heard.end()) {
      for (const auto& site : rest->second.sites)
        if (known.sites.size() < most_told_pairs)
          known.sites.push_back(site);
      for (const auto& pair : rest->second.pairs)
        if (known.pairs.size() < most_told_pairs)
          known.pairs.push_back(pair);
    }
    keeper->keep(to_text(known));
  }

  /// A node that was gone may be another one now.
  void watch_returns(time_point now) {
    if (!current)
      return;
    std::map<node_name, bool> usable;
    for (const auto& function : current->functions)
      for (const auto& target : function.targets)
        if (target.via)
          usable[target.node]
            = target.via->usable.load(std::memory_order_acquire);
    for (const auto& [node, is] : usable)
      if (!is)
        gone.insert(node);
      else if (gone.erase(node) > 0)
        returned(node, now);
  }

  void returned(const node_name& node, time_point now) {
    for (const auto& site : current->sites)
      if (const auto at = sites.find(site.name);
          site.node == node && at != sites.end())
        core.observe_return(at->second, now);
    core.publish(now);
  }

  // -- observations -----------------------------------------------------------

  void report(const loop_report& what) {
    mark->counters().count_handled();
    learned = learned || !what.ended.empty();
    for (const auto& seen : what.ended) {
      core.observe(seen);
      const auto own = sites.find(own_site());
      turns.event(seen.at, own != sites.end() && seen.site == own->second);
    }
    const auto now = config.clock->now();
    if (what.complete)
      core.tick(what.in_flight, now);
    core.publish(now);
  }

  void ping(const ping_seen& what) {
    mark->counters().count_handled();
    if (const auto link = links.find(what.node); link != links.end())
      core.observe_ping(link->second, what.rtt_ms, config.clock->now());
  }

  void probe(const probe_seen& what) {
    mark->counters().count_handled();
    const auto now = config.clock->now();
    const auto site = sites.find(what.site);
    if (turns.end(now, local_work()) && site != sites.end()) {
      core.observe_probe(site->second, what.slowdown, now);
      core.publish(now);
    }
  }

  void tick() {
    config.ports->request_reports();
    watch_returns(config.clock->now());
    probe_if_silent(config.clock->now());
    ++ticks;
    if (config.quality != nullptr && ticks % ticks_per_quality == 0)
      config.quality->set(quality());
    if (ticks % ticks_per_save == 0)
      keep_experience();
    self->delayed_send(self, tick_period, caf::tick_atom::value);
  }

  /// How good predictions were, of all pairs that had events.
  std::vector<pair_quality> quality() const {
    std::vector<pair_quality> all;
    for (const auto& [version, of] : versions.all())
      for (const auto& [site, at] : sites) {
        const auto values = core.accuracy_of(of.index, at);
        if (values.events > 0)
          all.push_back({version, site, values});
      }
    return all;
  }

  site_name own_site() const {
    return site_name{config.node.str() + "/cpu"};
  }

  /// Events taken and running on this node; empty while one runs.
  std::optional<uint64_t> local_work() const {
    uint64_t accepted = 0;
    if (current)
      for (const auto& [version, host] : current->hosts) {
        const auto stats = host->stats();
        if (stats.running + stats.waiting > 0)
          return std::nullopt;
        accepted += stats.accepted;
      }
    return accepted;
  }

  void probe_if_silent(time_point now) {
    if (!prober || !has_choice || !turns.due(now))
      return;
    if (const auto work = local_work()) {
      turns.begin(now, *work);
      prober->request();
    }
  }

  // -- for people -------------------------------------------------------------

  void describe(const sites_call& call) {
    mark->counters().count_handled();
    const auto table = config.board->table();
    const auto found = table->routes.find(call.function.str());
    if (found == table->routes.end()) {
      call.done(error{errc::not_found,
                      "no function called " + call.function.str(),
                      "see faas-cli list"});
      return;
    }
    call.done(site_rows(
      {core, *config.stats, config.clock->now()}, *found->second, call.size));
  }

  pointer self;
  predictor_actor_config config;
  std::unique_ptr<alive_mark> mark;
  routing::predictor core;
  local<structure> current;
  std::map<node_name, routing::link_index> links;
  std::map<site_name, routing::site_index> sites;
  std::map<site_name, std::pair<std::shared_ptr<routing::shared_load>,
                                std::shared_ptr<routing::shared_link_load>>>
    loads;
  known_versions versions;
  std::map<node_name, routing::snapshot> heard; ///< not all adopted yet
  std::set<node_name> gone;
  std::unique_ptr<cpu_probe> prober;
  std::unique_ptr<experience_keeper> keeper; ///< null: nothing is kept
  bool learned = false;                      ///< since it was kept
  bool has_choice = false;
  uint64_t ticks = 0;
  probe_turns turns;
};

predictor_actor::behavior_type
predictor_behavior(predictor_state::pointer self,
                   predictor_actor_config config) {
  self->state.start(config);
  return {
    [=](const local<structure>& fresh) { self->state.learn(fresh); },
    [=](const local<loop_report>& what) { self->state.report(*what); },
    [=](const local<ping_seen>& what) { self->state.ping(*what); },
    [=](const local<probe_seen>& what) { self->state.probe(*what); },
    [=](const local<sites_call>& call) { self->state.describe(*call); },
    [=](const local<estimates_wanted>& what) { self->state.tell(*what); },
    [=](const local<estimates_arrived>& what) { self->state.hear(*what); },
    [=](caf::tick_atom) { self->state.tick(); },
  };
}

} // namespace

predictor_actor spawn_predictor(caf::actor_system& system,
                                predictor_actor_config config) {
  return system.spawn(predictor_behavior, config);
}

} // namespace faas::actors
