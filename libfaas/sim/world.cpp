#include "libfaas/sim/world.hpp"

#include "libfaas/sim/agenda.hpp"
#include "libfaas/sim/event_stream.hpp"
#include "libfaas/sim/gateway.hpp"
#include "libfaas/sim/site_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace faas::sim {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();

enum class step : uint8_t {
  arrival,
  at_site,
  served,
  reply,
  tick,
  probe,
  ping,
  leave,   ///< a site, as told before
  crash,   ///< a site
  suspect, ///< its silence is noticed
  join,    ///< it is there (again)
  asked,   ///< a policy's own probe is at the site
  answered ///< its answer is back
};

struct happening {
  step what;
  uint32_t index = 0;   ///< of a flight, stream, site or question
  uint32_t attempt = 0; ///< of a flight
};

/// An event under way.
struct flight {
  draw event;
  record seen;
  passage way;
  sending how;
  double sent = 0;   ///< this time
  double found = 0; ///< events at the site when it came
  size_t left = 0;  ///< and when it had been served
  uint32_t attempt = 0;
  bool open = false, there = false, lost = false;
};

/// A policy's probe of a site.
struct question {
  uint32_t gateway = 0, site = 0, function = 0;
  routing::probe_reply answer;
};

class playing {
public:
  playing(const scenario& world, const run_options& how)
    : world_(world), how_(how), noise_(how.seed * 7919 + 1),
      choices_(how.seed * 104729 + 2), up_(world.sites.size(), 1) {
    for (size_t i = 0; i < world.gateways; ++i)
      gateways_.push_back(std::make_unique<gateway>(world, how));
    for (const auto& law : world.sites)
      sites_.emplace_back(law, world.functions.size(), sites_.size());
    for (uint32_t i = 0; i < sites_.size(); ++i)
      plan_absences(i);
    for (uint32_t i = 0; i < world.events.size(); ++i) {
      const auto& about = world.events[i];
      streams_.emplace_back(about, world.functions[about.function],
                            stream_seed(how.seed, i));
      plan_next(i);
    }
    if (how.by == chooser::learned && gateways_.front()->predicts()) {
      plan(world.tick_every_ms, step::tick);
      if (how.probes)
        plan(world.probe_every_ms, step::probe);
      plan(world.ping_every_ms, step::ping);
    }
  }

  std::vector<record> run() {
    while (!agenda_.empty()) {
      const auto next = agenda_.take();
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
    case step::served:
      return served(what, now);
    case step::reply:
      return reply(what, now);
    case step::tick:
      tick(now);
      return plan(now + world_.tick_every_ms, step::tick, now);
    case step::probe:
      probe(now);
      return plan(now + world_.probe_every_ms, step::probe, now);
    case step::ping:
      ping(now);
      return plan(now + world_.ping_every_ms, step::ping, now);
    case step::leave:
      up_[what.index] = 0;
      return;
    case step::crash:
      return crash(what.index, now);
    case step::suspect:
      return suspect(what.index, now);
    case step::join:
      return join(what.index, now);
    case step::asked:
      return asked(what.index, now);
    case step::answered:
      return answered(what.index, now);
    }
  }

  /// What repeats; not at all when its interval is 0.
  void plan(double when, step what, double now = 0) {
    if (when > now && when < world_.length_ms)
      agenda_.add(when, {what});
  }

  void plan_next(uint32_t index) {
    const auto due = streams_[index].next();
    if (due < world_.length_ms)
      agenda_.add(due, {step::arrival, index});
  }

  // -- sites that come and go --------------------------------------------------

  void plan_absences(uint32_t site) {
    for (const auto& one : world_.sites[site].absent) {
      const bool first = one.from <= 0;
      if (first)
        up_[site] = 0;
      else
        agenda_.add(one.from, {one.crash ? step::crash : step::leave, site});
      if (!first && one.crash)
        agenda_.add(one.from + silence_ms(site), {step::suspect, site});
      if (one.until < world_.length_ms)
        agenda_.add(one.until, {step::join, site});
    }
  }

  double silence_ms(size_t site) const noexcept {
    return std::max(world_.suspect_ms, 4 * world_.sites[site].link.rtt_ms);
  }

  /// Crashed, and until when; 0: it is there.
  double down_until(size_t site, double now) const noexcept {
    for (const auto& one : world_.sites[site].absent)
      if (one.crash && now >= one.from && now < one.until)
        return one.until;
    return 0;
  }

  void crash(uint32_t site, double now) {
    sites_[site].crash(down_until(site, now));
    for (auto& it : flights_)
      if (it.open && it.there && it.seen.site == site)
        it.lost = true;
  }

  void suspect(uint32_t site, double now) {
    up_[site] = 0;
    for (uint32_t i = 0; i < flights_.size(); ++i) {
      auto& it = flights_[i];
      if (!it.open || !it.lost || it.seen.site != site)
        continue;
      if (it.event.only == traffic::any)
        send_again(i, now);
      else
        close(i);
    }
  }

  void join(uint32_t site, double now) {
    up_[site] = 1;
    if (how_.by == chooser::learned)
      for (auto& my : gateways_)
        if (my->predicts())
          my->joined(site, now);
    const auto waiting = std::move(stranded_);
    stranded_.clear();
    for (const auto number : waiting)
      send(number, now);
  }

  void send_again(uint32_t number, double now) {
    auto& it = flights_[number];
    if (how_.by == chooser::learned)
      gateways_[it.event.gateway]->returned(it.event, it.how, it.seen, it.way,
                                            it.sent, 0, now, true);
    ++it.seen.again;
    ++it.attempt;
    it.lost = it.there = false;
    send(number, now);
  }

  // -- events ------------------------------------------------------------------

  uint32_t open_flight() {
    if (free_.empty()) {
      flights_.emplace_back();
      return static_cast<uint32_t>(flights_.size() - 1);
    }
    const auto index = free_.back();
    free_.pop_back();
    const auto attempt = flights_[index].attempt;
    flights_[index] = {};
    flights_[index].attempt = attempt + 1;
    return index;
  }

  void arrive(uint32_t index, double now) {
    const auto number = open_flight();
    auto& it = flights_[number];
    it.event = streams_[index].make(now);
    plan_next(index);
    it.open = true;
    it.seen.sent = now;
    it.seen.gateway = static_cast<uint32_t>(it.event.gateway);
    it.seen.function = static_cast<uint32_t>(it.event.function);
    if (it.event.only == traffic::any)
      send(number, now);
    else
      send_pinned(number, now);
  }

  /// Expected latencies of an event that is sent now, by site; a crashed site
  /// costs its silence, a known one is out of question.
  void expect(const draw& event, double now) {
    expected_.clear();
    for (size_t i = 0; i < sites_.size(); ++i)
      expected_.push_back(
        up_[i] && down_until(i, now) == 0
          ? sites_[i].expect(event, now, knowledge::draws)
          : never);
    best_ = static_cast<uint32_t>(
      std::min_element(expected_.begin(), expected_.end())
      - expected_.begin());
    for (size_t i = 0; i < sites_.size(); ++i)
      if (up_[i] && expected_[i] == never)
        expected_[i] = expected_[best_] + silence_ms(i) / 2;
  }

  uint32_t informed_best(const draw& event, double now) const noexcept {
    double least = never;
    uint32_t found = best_;
    for (uint32_t i = 0; i < sites_.size(); ++i) {
      if (!up_[i] || down_until(i, now) > 0)
        continue;
      const auto ms = sites_[i].expect(event, now, knowledge::laws);
      if (ms < least) {
        least = ms;
        found = i;
      }
    }
    return found;
  }

  void send(uint32_t number, double now) {
    auto& it = flights_[number];
    if (std::none_of(up_.begin(), up_.end(), [](char up) { return up != 0; })) {
      stranded_.push_back(number);
      return;
    }
    expect(it.event, now);
    if (expected_[best_] == never) { // all are silent, which nobody knows yet
      best_ = 0;
      while (!up_[best_])
        ++best_;
    }
    uint32_t site = best_;
    if (how_.by == chooser::informed)
      site = informed_best(it.event, now);
    else if (how_.by == chooser::learned) {
      auto& my = *gateways_[it.event.gateway];
      it.how = my.choose(it.event, up_, now, choices_);
      if (!it.how.made) { // its only site is not there
        stranded_.push_back(number);
        return;
      }
      site = it.how.made.chosen;
      note(it, site);
      ask(it, now);
    }
    it.seen.site = site;
    it.sent = now;
    if (it.seen.again == 0) {
      it.seen.best = best_;
      it.seen.best_ms = expected_[best_] < never ? expected_[best_] : 0;
      it.seen.regret_ms
        = expected_[site] < never ? expected_[site] - it.seen.best_ms : 0;
    }
    agenda_.add(sites_[site].send(it.event, now),
                {step::at_site, number, it.attempt});
  }

  /// Background: nobody chooses, nobody learns, and a site that is gone is not
  /// sent to.
  void send_pinned(uint32_t number, double now) {
    auto& it = flights_[number];
    it.seen.site = static_cast<uint32_t>(it.event.only);
    if (!up_[it.seen.site])
      return close(number);
    agenda_.add(sites_[it.seen.site].send(it.event, now),
                {step::at_site, number, it.attempt});
  }

  void close(uint32_t number) {
    flights_[number].open = false;
    free_.push_back(number);
  }

  void note(flight& it, uint32_t site) const noexcept {
    if (it.seen.again > 0)
      return;
    const auto& made = it.how.made;
    it.seen.why = made.why;
    it.seen.predicted_ms = made.parts[site].total;
    it.seen.predicted_sd = std::sqrt(made.parts[site].variance);
    it.seen.promised_ms = routing::promised_ms(made.parts[site]);
    it.seen.reach_ms = routing::reach_ms(made.parts[site]);
  }

  void serve(happening what, double now) {
    auto& it = flights_[what.index];
    if (it.attempt != what.attempt)
      return;
    const auto site = it.seen.site;
    if (down_until(site, now) > 0) {
      if (it.event.only != traffic::any)
        return close(what.index);
      it.lost = true;
      if (!up_[site]) // everybody knows already
        send_again(what.index, now);
      return;
    }
    it.there = true;
    it.found = static_cast<double>(sites_[site].inside());
    it.way = sites_[site].serve(it.event, now);
    agenda_.add(it.way.end, {step::served, what.index, it.attempt});
  }

  void served(happening what, double now) {
    auto& it = flights_[what.index];
    if (it.attempt != what.attempt || it.lost)
      return;
    it.there = false;
    auto& site = sites_[it.seen.site];
    site.ended(it.found, now - it.way.at_site);
    it.left = site.inside();
    agenda_.add(it.way.back, {step::reply, what.index, it.attempt});
  }

  void reply(happening what, double now) {
    auto& it = flights_[what.index];
    if (it.attempt != what.attempt || it.lost)
      return;
    sites_[it.seen.site].returned(it.event, now);
    if (it.event.only != traffic::any)
      return close(what.index);
    auto& seen = it.seen;
    seen.latency_ms = now - seen.sent;
    seen.queue_ms = it.way.begin - it.way.at_site;
    seen.cold_ms = it.way.cold_ms;
    seen.service_ms = it.way.end - it.way.begin - it.way.cold_ms;
    if (how_.by == chooser::learned)
      gateways_[it.event.gateway]->returned(it.event, it.how, seen, it.way,
                                            it.sent, it.left, now, false);
    if (how_.watch)
      how_.watch(seen, it.event, it.how.made);
    if (seen.sent >= world_.warm_up_ms)
      done_.push_back(seen);
    close(what.index);
  }

  // -- what is not an event ----------------------------------------------------

  void tick(double now) {
    for (size_t g = 0; g < gateways_.size(); ++g) {
      auto& my = *gateways_[g];
      late_.clear();
      for (const auto& it : flights_)
        if (it.open && it.event.gateway == g && it.how.made)
          late_.push_back({my.function(it.event.function),
                           my.site(it.seen.site), it.event.size, now - it.sent,
                           it.how.made.chosen_parts().total,
                           std::sqrt(it.how.made.chosen_parts().variance)});
      my.tick(late_, now);
    }
  }

  void probe(double now) {
    for (auto& my : gateways_) {
      for (size_t i = 0; i < sites_.size(); ++i)
        if (up_[i] && down_until(i, now) == 0)
          my->probed(i,
                     sites_[i].slowdown(now)
                       * std::exp(world_.probe_noise * noise_.normal()),
                     now);
      my->publish(now);
    }
  }

  double jitter(const link_law& link) noexcept {
    return -link.jitter_ms * std::log(1 - noise_.uniform());
  }

  void ping(double now) {
    for (auto& my : gateways_)
      for (size_t i = 0; i < sites_.size(); ++i) {
        const auto& link = sites_[i].law().link;
        const auto ms = sites_[i].rtt_ms(now) + jitter(link) + jitter(link);
        if (up_[i] && down_until(i, now) == 0)
          my->pinged(i, ms, now);
      }
  }

  /// Probes that the policy wants.
  void ask(const flight& it, double now) {
    auto* rule = dynamic_cast<routing::probing_policy*>(
      &gateways_[it.event.gateway]->policy_of(it.event.function));
    if (rule == nullptr)
      return;
    for (const auto site : rule->probes(it.how.made, choices_)) {
      question made;
      made.gateway = it.seen.gateway;
      made.function = it.seen.function;
      while (gateways_[made.gateway]->site(made.site) != site)
        ++made.site;
      made.answer.site = site;
      made.answer.at = at(now);
      questions_.push_back(made);
      agenda_.add(now + sites_[made.site].rtt_ms(now) / 2,
                  {step::asked, static_cast<uint32_t>(questions_.size() - 1)});
    }
  }

  void asked(uint32_t index, double now) {
    auto& it = questions_[index];
    if (!up_[it.site] || down_until(it.site, now) > 0)
      return;
    const auto& site = sites_[it.site];
    it.answer.in_flight = static_cast<double>(site.inside());
    it.answer.latency_ms = site.lately_ms() + site.rtt_ms(now);
    agenda_.add(now + site.rtt_ms(now) / 2, {step::answered, index});
  }

  void answered(uint32_t index, double now) {
    auto& it = questions_[index];
    it.answer.at = at(now);
    auto& rule = gateways_[it.gateway]->policy_of(it.function);
    dynamic_cast<routing::probing_policy&>(rule).probed(it.answer);
  }

  const scenario& world_;
  const run_options& how_;
  random_source noise_, choices_;
  std::vector<char> up_; ///< by site, as the gateways see it
  std::vector<std::unique_ptr<gateway>> gateways_;
  std::vector<site_state> sites_;
  std::vector<event_stream> streams_;
  agenda<happening> agenda_;
  std::vector<flight> flights_;
  std::vector<uint32_t> free_, stranded_;
  std::vector<question> questions_;
  std::vector<record> done_;
  uint32_t best_ = 0;
  // Kept for their memory
  std::vector<double> expected_;
  std::vector<routing::in_flight_event> late_;
};

} // namespace

std::vector<record> run(const scenario& what, const run_options& how) {
  return playing{what, how}.run();
}

} // namespace faas::sim
