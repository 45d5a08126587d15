#include "libfaas/sim/world.hpp"

#include "libfaas/sim/event_stream.hpp"
#include "libfaas/sim/flights.hpp"
#include "libfaas/sim/outlook.hpp"
#include "libfaas/sim/sensing.hpp"
#include "libfaas/sim/stage.hpp"
#include "libfaas/sim/variants.hpp"

#include <limits>

namespace faas::sim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

bool knows_laws(chooser by) noexcept {
  return by == chooser::informed || by == chooser::farsighted;
}

stage set(const scenario& world, const run_options& how) {
  stage made{world, {}, {}, presence{world}, {}};
  for (size_t i = 0; i < world.gateways; ++i)
    made.gateways.push_back(std::make_unique<gateway>(world, how));
  for (const auto& law : world.sites)
    made.sites.emplace_back(law, world.functions, knows_laws(how.by),
                            made.sites.size());
  for (uint32_t i = 0; i < world.sites.size(); ++i)
    made.there.plan(i, made.plan);
  return made;
}

class playing {
public:
  playing(const scenario& world, const run_options& how)
    : world_(world), learning_(how.by == chooser::learned),
      informed_(knows_laws(how.by)), choices_(how.seed * 104729 + 2),
      watch_(how.watch), lighter_(world.functions), on_(set(world, how)),
      sensing_(on_, how.seed * 7919 + 1), outlook_(on_),
      going_on_(world.sites.size(), never) {
    for (uint32_t i = 0; i < world.events.size(); ++i) {
      const auto& about = world.events[i];
      streams_.emplace_back(about, world.functions[about.function],
                            stream_seed(how.seed, i));
      plan_next(i);
    }
    if (how.by == chooser::farsighted)
      foresight_ = std::make_unique<foresight>(world, streams_);
    if (learning_ && on_.gateways.front()->predicts()) {
      plan(world.tick_every_ms, step::tick);
      if (how.probes)
        plan(world.probe_every_ms, step::probe);
      plan(world.ping_every_ms, step::ping);
    }
  }

  std::vector<record> run() {
    while (!on_.plan.empty()) {
      const auto next = on_.plan.take();
      happen(next.when, next.what);
    }
    return std::move(done_);
  }

private:
  void happen(double now, happening what) {
    switch (what.what) {
    case step::arrival:
      return arrive(what.index, now);
    case step::at_site:
      return serve(what, now);
    case step::go_on:
      return go_on(what.index, now);
    case step::served:
      return served(what, now);
    case step::reply:
      return reply(what, now);
    case step::second:
      return start_second(what, now);
    case step::tick:
      tick(now);
      return plan(now + world_.tick_every_ms, step::tick, now);
    case step::probe:
      sensing_.probe(now);
      return plan(now + world_.probe_every_ms, step::probe, now);
    case step::ping:
      sensing_.ping(now);
      return plan(now + world_.ping_every_ms, step::ping, now);
    case step::leave:
      return on_.there.see(what.index, false);
    case step::crash:
      return crash(what.index, now);
    case step::suspect:
      return suspect(what.index, now);
    case step::join:
      return join(what.index, now);
    case step::asked:
      return sensing_.asked(what.index, now);
    case step::answered:
      return sensing_.answered(what.index, now);
    }
  }

  /// What repeats; not at all when its interval is 0.
  void plan(double when, step what, double now = 0) {
    if (when > now && when < world_.length_ms)
      on_.plan.add(when, {what});
  }

  void plan_next(uint32_t index) {
    const auto due = streams_[index].next();
    if (due < world_.length_ms)
      on_.plan.add(due, {step::arrival, index});
  }

  // -- sites that come and go --------------------------------------------------

  void crash(uint32_t site, double now) {
    on_.sites[site].crash(on_.there.down_until(site, now));
    for (auto& it : flights_.places())
      if (it.open && it.there && it.seen.site == site)
        it.lost = true;
  }

  void suspect(uint32_t site, double now) {
    on_.there.see(site, false);
    for (uint32_t i = 0; i < flights_.places().size(); ++i) {
      auto& it = flights_[i];
      if (!it.open || !it.lost || it.seen.site != site)
        continue;
      if (it.event.only == traffic::any)
        send_again(i, now);
      else
        flights_.close(i);
    }
  }

  void join(uint32_t site, double now) {
    on_.there.see(site, true);
    auto deploy = on_.there.deploy_ms(site, now);
    if (deploy > 0 && !on_.sites[site].deploy(now + deploy))
      deploy = 0;
    if (learning_)
      for (auto& my : on_.gateways)
        my->joined(site, deploy, now);
    const auto waiting = std::move(stranded_);
    stranded_.clear();
    for (const auto number : waiting)
      send(number, now);
  }

  void send_again(uint32_t number, double now) {
    auto& it = flights_[number];
    if (learning_)
      on_.gateways[it.event.gateway]->returned(it.event, it.how, it.seen,
                                               it.way, it.sent, 0, now, true);
    if (!flights_.counts(number, false))
      return flights_.close(number); // its other start goes on, or has answered
    ++it.seen.again;
    ++it.attempt;
    it.lost = it.there = false;
    send(number, now);
  }

  // -- events ------------------------------------------------------------------

  void arrive(uint32_t index, double now) {
    const auto number = flights_.open();
    auto& it = flights_[number];
    it.event = streams_[index].make(now);
    if (foresight_)
      foresight_->came(index, now);
    plan_next(index);
    it.seen.sent = now;
    it.seen.gateway = static_cast<uint32_t>(it.event.gateway);
    it.seen.function = static_cast<uint32_t>(it.event.function);
    it.seen.deadline_ms = it.event.deadline_ms;
    if (world_.drop_late && it.event.deadline_ms > 0)
      it.event.give_up = now + it.event.deadline_ms;
    if (it.event.only == traffic::any)
      send(number, now);
    else
      send_pinned(number, now);
  }

  void send(uint32_t number, double now) {
    auto& it = flights_[number];
    if (!outlook_.look(it.event, now)) {
      stranded_.push_back(number);
      return;
    }
    auto site = outlook_.best();
    if (informed_)
      site = outlook_.informed_best(it.event, now, foresight_.get());
    else if (learning_) {
      it.how = choose(it, now);
      if (it.how.why == routing::reason::refused)
        return refuse(number);
      if (!it.how) { // its only site is not there
        stranded_.push_back(number);
        return;
      }
      site = it.how.site;
      if (it.how.function != it.event.function)
        it.event = lighter_.as(it.event, it.how.function);
      it.seen.lighter = it.how.function != it.seen.function;
    }
    it.seen.site = site;
    it.sent = now;
    if (it.seen.again == 0)
      note(it);
    on_.plan.add(on_.sites[site].send(it.event, now),
                 {step::at_site, number, it.attempt});
    if (it.how.second_after_ms)
      on_.plan.add(now + *it.how.second_after_ms,
                   {step::second, number, it.attempt});
  }

  /// All functions may run twice here. What is beaten runs to its end, as on
  /// nodes where it is too late to stop it.
  void start_second(happening what, double now) {
    const auto& first = flights_[what.index];
    if (!first.open || first.attempt != what.attempt || first.beaten)
      return;
    auto& my = *on_.gateways[first.event.gateway];
    others_.assign(on_.there.seen().begin(), on_.there.seen().end());
    others_[first.seen.site] = 0;
    auto how = my.choose_second(first.event, first.how, now - first.sent,
                                others_, now, choices_);
    if (!how)
      return;
    const auto event = second_start(
      first.event, world_.functions[first.event.function], choices_);
    const auto number = flights_.open_second(what.index, event, how, now);
    auto& second = flights_[number];
    on_.plan.add(on_.sites[how.site].send(second.event, now),
                 {step::at_site, number, second.attempt});
  }

  void refuse(uint32_t number) {
    auto& seen = flights_[number].seen;
    seen.why = routing::reason::refused;
    seen.refused = true;
    finish(number);
  }

  /// No more will happen to it, but to a start that it has beaten.
  void finish(uint32_t number, std::optional<uint32_t> beaten = {}) {
    const auto& seen = flights_[number].seen;
    if (seen.sent >= world_.warm_up_ms) {
      if (beaten)
        flights_[*beaten].told = done_.size();
      done_.push_back(seen);
    }
    flights_.close(number);
  }

  sending choose(const flight& it, double now) {
    auto& my = *on_.gateways[it.event.gateway];
    const auto how = my.choose(it.event, on_.there.seen(), now, choices_);
    if (!my.wanted().empty())
      sensing_.ask(it.seen.gateway, it.seen.function, my.wanted(), now);
    return how;
  }

  void note(flight& it) const noexcept {
    auto& seen = it.seen;
    seen.best = outlook_.best();
    seen.best_ms = outlook_.best_ms();
    seen.regret_ms = outlook_.regret_ms(seen.site);
    seen.why = it.how ? it.how.why : seen.why;
    seen.predicted_ms = it.how.predicted_ms;
    seen.predicted_sd = it.how.predicted_sd;
    seen.promised_ms = it.how.promised_ms;
    seen.reach_ms = it.how.reach_ms;
  }

  /// Background: nobody chooses, nobody learns, and a site that is gone is not
  /// sent to.
  void send_pinned(uint32_t number, double now) {
    auto& it = flights_[number];
    it.seen.site = static_cast<uint32_t>(it.event.only);
    if (!on_.there.seen(it.seen.site))
      return flights_.close(number);
    on_.plan.add(on_.sites[it.seen.site].send(it.event, now),
                 {step::at_site, number, it.attempt});
  }

  void serve(happening what, double now) {
    auto& it = flights_[what.index];
    if (it.attempt != what.attempt)
      return;
    const auto site = it.seen.site;
    if (on_.there.down(site, now)) {
      if (it.event.only != traffic::any)
        return flights_.close(what.index);
      it.lost = true;
      if (!on_.there.seen(site)) // everybody knows already
        send_again(what.index, now);
      return;
    }
    it.there = true;
    it.found = static_cast<double>(on_.sites[site].inside());
    on_.sites[site].arrive(what.index, it.event, now, settled_);
    settle(site);
  }

  void go_on(uint32_t site, double now) {
    going_on_[site] = never;
    on_.sites[site].go_on(now, settled_);
    settle(site);
  }

  /// What a site has told.
  void settle(uint32_t site) {
    for (const auto& one : settled_) {
      auto& it = flights_[one.flight];
      it.way = one.way;
      on_.plan.add(it.way.end, {step::served, one.flight, it.attempt});
    }
    settled_.clear();
    const auto next = on_.sites[site].next();
    if (next < going_on_[site]) {
      going_on_[site] = next;
      on_.plan.add(next, {step::go_on, site});
    }
  }

  void served(happening what, double now) {
    auto& it = flights_[what.index];
    if (it.attempt != what.attempt || it.lost)
      return;
    it.there = false;
    auto& site = on_.sites[it.seen.site];
    site.ended(it.found, now - it.way.at_site);
    it.left = site.inside() - it.way.behind; // they have been served, too
    on_.plan.add(site.back(it.event, now),
                 {step::reply, what.index, it.attempt});
  }

  void reply(happening what, double now) {
    auto& it = flights_[what.index];
    if (it.attempt != what.attempt || it.lost)
      return;
    on_.sites[it.seen.site].returned(it.event, now);
    if (it.event.only != traffic::any)
      return flights_.close(what.index);
    auto& seen = it.seen;
    seen.latency_ms = now - seen.sent;
    seen.queue_ms = it.way.queue_ms;
    seen.cold_ms = it.way.cold_ms;
    seen.service_ms = it.way.service_ms;
    seen.dropped = it.way.dropped;
    const auto& law = world_.sites[seen.site];
    const double work_s = (seen.service_ms + seen.cold_ms) / 1000;
    seen.price = work_s * law.costs.price_per_s;
    seen.joule = work_s
                 * routing::watts_per_event(law.costs,
                                            static_cast<double>(law.servers));
    if (learning_)
      on_.gateways[it.event.gateway]->returned(it.event, it.how, seen, it.way,
                                               it.sent, it.left, now,
                                               seen.dropped);
    const auto beaten = seen.dropped ? std::nullopt : it.twin;
    if (!flights_.counts(what.index, !seen.dropped))
      return close_other(what.index);
    if (watch_)
      watch_(seen, it.event,
             it.how.made ? *it.how.made : routing::decision{});
    finish(what.index, beaten);
  }

  /// It has ended without its end being the event's.
  void close_other(uint32_t number) {
    const auto& it = flights_[number];
    if (it.told)
      done_[*it.told].wasted_ms += it.seen.service_ms + it.seen.cold_ms;
    flights_.close(number);
  }

  // -- what is not an event ----------------------------------------------------

  void tick(double now) {
    for (size_t g = 0; g < on_.gateways.size(); ++g) {
      auto& my = *on_.gateways[g];
      late_.clear();
      for (const auto& it : flights_.places())
        if (it.open && it.event.gateway == g && it.how)
          late_.push_back({my.function(it.event.function),
                           my.site(it.seen.site), it.event.size, now - it.sent,
                           it.how.predicted_ms, it.how.predicted_sd});
      my.tick(late_, now);
    }
  }

  const scenario& world_;
  const bool learning_, informed_;
  random_source choices_;
  const watcher watch_;
  const variants lighter_;
  stage on_;
  sensing sensing_;
  outlook outlook_;
  std::vector<double> going_on_; ///< when each site does
  std::vector<event_stream> streams_;
  std::unique_ptr<foresight> foresight_; ///< null: nobody asks
  flights flights_;
  std::vector<uint32_t> stranded_;
  std::vector<record> done_;
  // Kept for their memory
  std::vector<char> others_;
  std::vector<settled> settled_;
  std::vector<routing::in_flight_event> late_;
};

} // namespace

std::vector<record> run(const scenario& what, const run_options& how) {
  return playing{what, how}.run();
}

} // namespace faas::sim
