#include "actors/predictor/predictor_actor.hpp"

#include "actors/predictor/choices.hpp"
#include "actors/predictor/cpu_probe.hpp"
#include "actors/predictor/cpu_speed.hpp"
#include "actors/predictor/peer_estimates.hpp"
#include "actors/predictor/quality_book.hpp"
#include "actors/predictor/returning_nodes.hpp"
#include "actors/predictor/route_maker.hpp"
#include "actors/predictor/site_rows.hpp"
#include "actors/predictor/told_experience.hpp"

#include "libfaas/routing/predictor.hpp"
#include "libfaas/routing/silent_sites.hpp"

#include <map>
#include <optional>
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

struct predictor_state {
  static constexpr const char* name = "faas.predictor";
  using pointer = predictor_actor::stateful_pointer<predictor_state>;

  explicit predictor_state(pointer self) : self(self) {}
  ~predictor_state() {
    if (told)
      told->keep(core);
  }

  void start(predictor_actor_config with) {
    config = std::move(with);
    mark = std::make_unique<alive_mark>(*config.counters,
                                        actor_kind::predictor);
    routes.emplace(core, config.node);
    told.emplace(config.node, config.experience, config.log);
    if (config.probe) {
      prober = std::make_unique<cpu_probe>(
        [me = self->address(), site = own_site(),
         counters = config.counters](double slowdown) {
          if (auto to = caf::actor_cast<predictor_actor>(me)) {
            counters->of(actor_kind::predictor).count_sent();
            caf::anon_send(to, make_local(probe_seen{site, slowdown}));
          }
        });
      speed = cpu_speed{[this] { prober->request(); }};
    }
    self->delayed_send(self, tick_period, caf::tick_atom::value);
  }

  // -- structure --------------------------------------------------------------

  void learn(const local<structure>& fresh) {
    mark->counters().count_handled();
    current = fresh;
    const auto now = config.clock->now();
    auto table = routes->make(*fresh, now);
    find_compared();
    told->adopt_into(core, now);
    watch_returns(now);
    core.publish(now);
    config.board->publish(std::move(table));
    if (fresh->published)
      fresh->published();
  }

  // -- other routers ----------------------------------------------------------

  void tell(const estimates_wanted& what) {
    mark->counters().count_handled();
    what.back(to_text(core.experience(most_told_pairs)));
  }

  /// Kept for functions and sites that come later, too.
  void hear(const estimates_arrived& what) {
    mark->counters().count_handled();
    if (!told->hear(what.from, what.text))
      return;
    told->adopt_into(core, config.clock->now());
    core.publish(config.clock->now());
  }

  /// Each time that they may have moved: with each structure, for a link that
  /// ends is in none any more, and from time to time, for a silent one stays.
  void watch_returns(time_point now) {
    if (!current)
      return;
    returning_nodes::links links;
    for (const auto& site : current->sites)
      if (site.via)
        links[site.node] = {site.via->boot, site.via->takes()};
    for (const auto& node : returns.look(links))
      returned(node, now);
  }

  void returned(const node_name& node, time_point now) {
    for (const auto& site : current->sites)
      if (const auto at = routes->site(site.name); site.node == node && at)
        core.observe_return(*at, now);
    core.publish(now);
  }

  // -- observations -----------------------------------------------------------

  void report(const loop_report& what) {
    mark->counters().count_handled();
    for (const auto& seen : what.ended) {
      core.observe(seen);
      told->learned();
      silent.event(seen.site, seen.at);
    }
    const auto now = config.clock->now();
    if (what.complete)
      core.tick(what.in_flight, now);
    core.publish(now);
  }

  void ping(const ping_seen& what) {
    mark->counters().count_handled();
    if (const auto link = routes->link(what.node))
      core.observe_ping(*link, what.rtt_ms, config.clock->now(), what.alone);
  }

  void probe(const probe_seen& what) {
    mark->counters().count_handled();
    if (speed.measured(what.slowdown, config.clock->now(), local_work()))
      learn_speed(what.site, what.slowdown, config.counters->own_probes);
  }

  void tell(const cpu_wanted& what) {
    mark->counters().count_handled();
    speed.tell(what.back, config.clock->now(), local_work());
  }

  void hear(const cpu_told& what) {
    mark->counters().count_handled();
    const auto of = cpu_of(what.node);
    if (const auto site = routes->site(of); site && silent.answered(*site))
      learn_speed(of, what.slowdown, config.counters->peer_probes);
  }

  void learn_speed(const site_name& of, double slowdown,
                   std::atomic<uint64_t>& count) {
    const auto site = routes->site(of);
    const auto now = config.clock->now();
    if (!site || !core.observe_probe(*site, slowdown, now))
      return;
    count.fetch_add(1, std::memory_order_relaxed);
    core.publish(now);
  }

  void tick() {
    config.ports->request_reports();
    watch_returns(config.clock->now());
    ask_silent_sites(config.clock->now());
    ++ticks;
    if (config.quality != nullptr && ticks % ticks_per_quality == 0)
      config.quality->set(quality());
    if (ticks % ticks_per_save == 0)
      told->keep(core);
    self->delayed_send(self, tick_period, caf::tick_atom::value);
  }

  /// How good predictions were, of all pairs that had events.
  std::vector<pair_quality> quality() const {
    std::vector<pair_quality> all;
    for (const auto& [version, of] : routes->versions().all())
      for (const auto& [site, at] : routes->sites()) {
        const auto values = core.accuracy_of(of.index, at);
        if (values.events > 0)
          all.push_back({version, site, values});
      }
    return all;
  }

  static site_name cpu_of(const node_name& node) {
    return site_name{node.str() + "/cpu"};
  }
  site_name own_site() const { return cpu_of(config.node); }

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

  /// Of sites that events are sent elsewhere from: the way back for one that was
  /// slow. Beyond `most_asked` in a tick, the others' turn comes in the next.
  void ask_silent_sites(time_point now) {
    constexpr size_t most_asked = 16;
    size_t asked = 0;
    auto at = compared.upper_bound(last_asked);
    for (size_t i = 0; i < compared.size() && asked < most_asked; ++i, ++at) {
      if (at == compared.end())
        at = compared.begin();
      const auto& [site, via] = *at;
      if (!silent.due(site, now))
        continue;
      if (!via)
        speed.want(now, local_work());
      else if (via->takes()) {
        silent.asked(last_asked = site, now);
        via->ask_cpu();
        ++asked;
      }
    }
  }

  /// The CPU sites of functions for whose events sites are compared.
  void find_compared() {
    compared.clear();
    for (const auto& function : current->functions)
      if (has_choice(function))
        for (const auto& target : function.targets)
          if (const auto at = routes->site(target.site);
              at && target.site == cpu_of(target.node))
            compared[*at] = target.via;
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
  std::optional<route_maker> routes; ///< both from start() on
  std::optional<told_experience> told;
  returning_nodes returns;
  std::unique_ptr<cpu_probe> prober;
  uint64_t ticks = 0;
  routing::silent_sites silent;
  cpu_speed speed; ///< of this node
  std::map<routing::site_index, std::shared_ptr<peer>> compared; ///< null: here
  routing::site_index last_asked = routing::no_site;
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
    [=](const local<cpu_wanted>& what) { self->state.tell(*what); },
    [=](const local<cpu_told>& what) { self->state.hear(*what); },
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
