#include "libfaas/sim/world.hpp"

#include "libfaas/routing/queue_model.hpp"
#include "libfaas/sim/agenda.hpp"
#include "libfaas/sim/site_state.hpp"

#include <cmath>
#include <limits>

namespace faas::sim {
namespace {

using namespace routing;

constexpr double never = std::numeric_limits<double>::infinity();

/// Predictors take time points; some time has passed before the run.
time_point at(double ms) {
  return time_point{} + from_ms(1e6 + ms);
}

enum class step : uint8_t { arrival, at_site, reply, tick, probe, ping };

struct happening {
  step what;
  uint32_t index; ///< of a flight, or of traffic
};

/// An event under way.
struct flight {
  draw event;
  record seen;
  passage way;
  double expected = 0, back_ms = 0, backlog = 0;
  bool open = false;
};

/// One gateway: its own predictor and its own view of what is under way.
struct gateway {
  class predictor predictor;
  std::vector<function_index> functions;
  std::vector<site_index> sites;
  std::vector<link_index> links;
  std::vector<std::unique_ptr<policy>> policies; ///< by function
  std::vector<std::vector<std::shared_ptr<const estimate_cell>>> cells;
  std::vector<site_load> loads;
  std::vector<link_load> link_loads;

  gateway(const scenario& world, const run_options& how)
    : predictor(how.predictor) {
    for (const auto& law : world.functions)
      functions.push_back(
        *predictor.add_function(law.name,
                                line{law.ms_per_unit, law.ms_fixed}));
    for (const auto& law : world.sites) {
      auto link = law.link.local() ? loopback_link() : link_spec{};
      link.name = law.name;
      links.push_back(*predictor.add_link(link));
      sites.push_back(
        *predictor.add_site({law.name, law.tier, links.back(),
                             static_cast<double>(law.servers)}));
      loads.emplace_back(static_cast<double>(law.servers));
    }
    link_loads.resize(sites.size());
    for (const auto function : functions) {
      cells.emplace_back();
      for (const auto site : sites)
        cells.back().push_back(predictor.cell(function, site, at(0)));
      if (how.policy)
        policies.push_back(how.policy(sites));
    }
  }
};

class playing {
public:
  playing(const scenario& world, const run_options& how)
    : world_(world), how_(how), noise_(how.seed * 7919 + 1),
      choices_(how.seed * 104729 + 2) {
    for (size_t i = 0; i < world.gateways; ++i)
      gateways_.emplace_back(world, how);
    for (const auto& law : world.sites)
      sites_.emplace_back(law, world.functions.size());
    for (size_t i = 0; i < world.events.size(); ++i) {
      streams_.push_back({world.events[i].source(),
                          random_source{how.seed * 1000003 + i}, never});
      plan_next(static_cast<uint32_t>(i));
    }
    if (how.by == chooser::learned) {
      plan(world.tick_every_ms, step::tick);
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
  struct stream {
    std::unique_ptr<arrivals> source;
    random_source random; ///< of its events
    double due;
  };

  void happen(double now, happening what) {
    switch (what.what) {
    case step::arrival:
      return arrive(what.index, now);
    case step::at_site:
      return serve(what.index, now);
    case step::reply:
      return reply(what.index, now);
    case step::tick:
      tick(now);
      return plan(now + world_.tick_every_ms, step::tick, now);
    case step::probe:
      probe(now);
      return plan(now + world_.probe_every_ms, step::probe, now);
    case step::ping:
      ping(now);
      return plan(now + world_.ping_every_ms, step::ping, now);
    }
  }

  /// What repeats; not at all when its interval is 0.
  void plan(double when, step what, double now = 0) {
    if (when > now && when < world_.length_ms)
      agenda_.add(when, {what, 0});
  }

  void plan_next(uint32_t index) {
    auto& from = streams_[index];
    from.due = from.source->next(from.random);
    if (from.due < world_.length_ms)
      agenda_.add(from.due, {step::arrival, index});
  }

  draw drawn(uint32_t index, double now) {
    const auto& about = world_.events[index];
    const auto& law = world_.functions[about.function];
    auto& random = streams_[index].random;
    draw made;
    made.sent = now;
    made.function = about.function;
    made.gateway = about.gateway;
    made.size = law.size.draw(random);
    const double work = law.ms_per_unit * made.size + law.ms_fixed;
    const bool outlier = random.uniform() < law.outlier_share;
    made.work = work * std::exp(law.noise * random.normal())
                * (outlier ? law.outlier_factor : 1);
    made.mean_work = work * std::exp(law.noise * law.noise / 2)
                     * (1 + law.outlier_share * (law.outlier_factor - 1));
    made.up_jitter = -std::log(1 - random.uniform());
    made.down_jitter = -std::log(1 - random.uniform());
    made.bytes = made.size * law.bytes_per_unit;
    return made;
  }

  uint32_t open_flight() {
    if (free_.empty()) {
      flights_.emplace_back();
      return static_cast<uint32_t>(flights_.size() - 1);
    }
    const auto index = free_.back();
    free_.pop_back();
    flights_[index] = {};
    return index;
  }

  void arrive(uint32_t index, double now) {
    const auto number = open_flight();
    auto& it = flights_[number];
    it.event = drawn(index, now);
    plan_next(index);
    it.open = true;
    it.seen.sent = now;
    it.seen.gateway = static_cast<uint32_t>(it.event.gateway);
    double best = never, informed = never;
    uint32_t by_laws = 0;
    expected_.clear();
    for (uint32_t i = 0; i < sites_.size(); ++i) {
      expected_.push_back(sites_[i].expect(it.event, now, knowledge::draws));
      if (expected_[i] < best) {
        best = expected_[i];
        it.seen.best = i;
      }
      if (how_.by == chooser::informed) {
        const auto ms = sites_[i].expect(it.event, now, knowledge::laws);
        if (ms < informed) {
          informed = ms;
          by_laws = i;
        }
      }
    }
    it.seen.best_ms = best;
    switch (how_.by) {
    case chooser::learned:
      choose(it, now);
      break;
    case chooser::informed:
      it.seen.site = by_laws;
      break;
    case chooser::clairvoyant:
      it.seen.site = it.seen.best;
      break;
    }
    it.seen.regret_ms = expected_[it.seen.site] - best;
    agenda_.add(sites_[it.seen.site].send(it.event, now),
                {step::at_site, number});
  }

  void choose(flight& it, double now) {
    auto& my = gateways_[it.event.gateway];
    const auto& cells = my.cells[it.event.function];
    candidates_.clear();
    for (size_t i = 0; i < sites_.size(); ++i) {
      candidate one;
      one.site = my.sites[i];
      one.cell = cells[i].get();
      one.in_flight = my.loads[i].in_flight();
      one.drain_ms = my.loads[i].drain_ms(at(now));
      if (!sites_[i].law().link.local())
        one.backlog_bytes = my.link_loads[i].backlog_bytes(
          cells[i]->read().ms_per_byte, at(now));
      candidates_.push_back(one);
    }
    event_features features;
    features.size = it.event.size;
    features.bytes = it.event.bytes;
    const auto made
      = decide(candidates_, features, *my.policies[it.event.function],
               choices_, at(now));
    const auto& parts = made.chosen_parts();
    it.seen.site = made.chosen;
    it.seen.why = made.why;
    it.seen.predicted_ms = parts.total;
    it.seen.predicted_sd = std::sqrt(parts.variance);
    it.expected = parts.service;
    it.back_ms = parts.network - parts.transit;
    it.backlog = candidates_[made.chosen].backlog_bytes;
    my.loads[made.chosen].start(parts.service, parts.transit, at(now));
    if (!sites_[made.chosen].law().link.local())
      my.link_loads[made.chosen].send(
        it.event.bytes, cells[made.chosen]->read().ms_per_byte, at(now));
  }

  void serve(uint32_t number, double now) {
    auto& it = flights_[number];
    it.way = sites_[it.seen.site].serve(it.event, now);
    agenda_.add(it.way.back, {step::reply, number});
  }

  void reply(uint32_t number, double now) {
    auto& it = flights_[number];
    it.seen.latency_ms = now - it.seen.sent;
    it.seen.queue_ms = it.way.begin - it.way.at_site;
    it.seen.cold_ms = it.way.cold_ms;
    it.seen.service_ms = it.way.end - it.way.begin - it.way.cold_ms;
    if (how_.by == chooser::learned)
      learn(it, now);
    if (it.seen.sent >= world_.warm_up_ms)
      done_.push_back(it.seen);
    it.open = false;
    free_.push_back(number);
  }

  void learn(const flight& it, double now) {
    auto& my = gateways_[it.event.gateway];
    auto& load = my.loads[it.seen.site];
    load.finish(it.expected, it.back_ms, at(now));
    observation seen;
    seen.function = my.functions[it.event.function];
    seen.site = my.sites[it.seen.site];
    seen.size = it.event.size;
    seen.bytes = it.event.bytes;
    seen.backlog_bytes = it.backlog;
    seen.total_ms = it.seen.latency_ms;
    seen.queue_ms = it.seen.queue_ms;
    seen.service_ms = it.seen.service_ms;
    seen.cold_ms = it.seen.cold_ms;
    seen.in_flight = load.in_flight();
    seen.queue_length
      = static_cast<uint32_t>(sites_[it.seen.site].inside(it.way.end));
    seen.predicted_ms = it.seen.predicted_ms;
    seen.predicted_sd = it.seen.predicted_sd;
    seen.at = at(now);
    my.predictor.observe(seen);
    my.predictor.publish(at(now));
  }

  void tick(double now) {
    for (size_t g = 0; g < gateways_.size(); ++g) {
      auto& my = gateways_[g];
      late_.clear();
      for (const auto& it : flights_)
        if (it.open && it.event.gateway == g)
          late_.push_back({my.functions[it.event.function],
                           my.sites[it.seen.site], it.event.size,
                           now - it.seen.sent, it.seen.predicted_ms,
                           it.seen.predicted_sd});
      my.predictor.tick(late_, at(now));
      my.predictor.publish(at(now));
    }
  }

  void probe(double now) {
    for (auto& my : gateways_) {
      for (size_t i = 0; i < sites_.size(); ++i)
        my.predictor.observe_probe(
          my.sites[i],
          sites_[i].slowdown(now)
            * std::exp(world_.probe_noise * noise_.normal()),
          at(now));
      my.predictor.publish(at(now));
    }
  }

  double jitter(const link_law& link) noexcept {
    return -link.jitter_ms * std::log(1 - noise_.uniform());
  }

  void ping(double now) {
    for (auto& my : gateways_)
      for (size_t i = 0; i < sites_.size(); ++i) {
        const auto& link = sites_[i].law().link;
        if (!link.local())
          my.predictor.observe_ping(my.links[i],
                                    sites_[i].rtt_ms(now)
                                      + jitter(link)
                                      + jitter(link),
                                    at(now));
      }
  }

  const scenario& world_;
  const run_options& how_;
  random_source noise_, choices_;
  std::vector<gateway> gateways_;
  std::vector<site_state> sites_;
  std::vector<stream> streams_;
  agenda<happening> agenda_;
  std::vector<flight> flights_;
  std::vector<uint32_t> free_;
  std::vector<record> done_;
  // Kept for their memory
  std::vector<double> expected_;
  std::vector<candidate> candidates_;
  std::vector<in_flight_event> late_;
};

} // namespace

std::vector<record> run(const scenario& what, const run_options& how) {
  return playing{what, how}.run();
}

} // namespace faas::sim
