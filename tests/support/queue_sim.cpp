#include "tests/support/queue_sim.hpp"

#include "libfaas/routing/plausible.hpp"
#include "libfaas/routing/queue_model.hpp"

#include <cmath>
#include <queue>

namespace faas::test {
namespace {

using namespace routing;

time_point at(double seconds) {
  return time_point{} + from_ms(1e6 + seconds * 1000);
}

enum class step { arrival, start, reply, tick, probe, ping };

struct entry {
  double when;
  uint64_t order;
  step what;
  size_t index;
  bool operator>(const entry& other) const {
    return std::tie(when, order) > std::tie(other.when, other.order);
  }
};

struct job : sim_event {
  double work = 1, up_jitter = 0, down_jitter = 0;
  double expected = 0, back = 0, predicted_sd = 0, reach = -1;
  double backlog = 0, queue_ms = 0;
  bool open = false, begun = false;
};

} // namespace

struct queue_sim::impl {
  sim_config config;
  class predictor predictor;
  function_index function{};
  std::vector<site_index> ids;
  std::vector<link_index> links;
  std::vector<std::shared_ptr<const estimate_cell>> cells;
  std::vector<site_load> loads;
  std::vector<link_load> links_busy;
  std::vector<double> busy_until, link_until;
  std::vector<job> jobs;
  std::priority_queue<entry, std::vector<entry>, std::greater<>> agenda;
  uint64_t order = 0;
  random_source noise{1}, choices{1};

  explicit impl(sim_config c) : config(std::move(c)) {
    function = *predictor.add_function("f", config.profile);
    for (const auto& s : config.sites) {
      link_spec link = loopback_link();
      if (s.rtt_ms > 1)
        link.prior = {};
      link.name = s.name;
      links.push_back(*predictor.add_link(link));
      ids.push_back(*predictor.add_site({s.name, s.tier, links.back(), 1}));
      cells.push_back(predictor.cell(function, ids.back(), at(0)));
    }
    loads.resize(ids.size());
    links_busy.resize(ids.size());
    busy_until.resize(ids.size());
    link_until.resize(ids.size());
  }

  void plan(double when, step what, size_t index = 0) {
    agenda.push({when, order++, what, index});
  }

  /// When work begun at `s` is done, under the site's changing speed.
  double finish(size_t site, double s, double work) const {
    const auto& my = config.sites[site];
    constexpr double grid = 0.01;
    while (true) {
      double speed = 1 / (my.slowdown * my.disturbance(s));
      double edge = (std::floor(s / grid + 1e-6) + 1) * grid;
      if (const double period = my.quota_period_ms / 1000; period > 0) {
        const double begin = std::floor(s / period + 1e-6) * period;
        const bool runs = s - begin < speed * period - 1e-9;
        edge = begin + (runs ? speed * period : period);
        speed = runs ? 1 : 1e-12;
      }
      if (work <= (edge - s) * 1000 * speed)
        return s + work / speed / 1000;
      work -= (edge - s) * 1000 * speed;
      s = edge;
    }
  }

  void make_jobs() {
    random_source random{config.seed};
    for (double s = 0;;) {
      s += -std::log(1 - random.uniform()) / config.rate;
      if (s >= config.seconds)
        break;
      job j;
      j.sent = s;
      j.size = config.size(random);
      j.work = (config.ms_per_unit * j.size + config.ms_fixed)
               * std::exp(config.service_noise * random.normal());
      if (random.uniform() < config.outlier_share)
        j.work *= config.outlier_factor;
      j.up_jitter = -std::log(1 - random.uniform()) * config.jitter_ms;
      j.down_jitter = -std::log(1 - random.uniform()) * config.jitter_ms;
      jobs.push_back(j);
      plan(s, step::arrival, jobs.size() - 1);
    }
  }

  /// Expected latency of an event of this size sent now.
  double truth(size_t i, double size, double now) const {
    const auto& site = config.sites[i];
    const double jitter = site.rtt_ms > 1 ? config.jitter_ms : 0;
    const double there = std::max(link_until[i], now)
                         + (size * config.bytes_per_unit * site.ms_per_byte
                            + site.rtt_ms / 2 + jitter)
                             / 1000;
    double ahead = 0;
    for (const auto& j : jobs)
      if (j.open && !j.begun && static_cast<size_t>(j.site) == i)
        ahead += j.work;
    const double free = finish(i, std::max(now, busy_until[i]), ahead);
    const double begin = std::max(there, free);
    const double work = config.ms_per_unit * size + config.ms_fixed;
    return (finish(i, begin, work) - now) * 1000 + site.rtt_ms / 2 + jitter;
  }

  void arrive(size_t index, policy& rule) {
    auto& j = jobs[index];
    const double bytes = j.size * config.bytes_per_unit;
    for (size_t i = 0; i < ids.size(); ++i)
      j.true_ms[i] = truth(i, j.size, j.sent);
    std::vector<candidate> candidates;
    for (size_t i = 0; i < ids.size(); ++i) {
      candidate c;
      c.site = ids[i];
      c.cell = cells[i].get();
      c.in_flight = loads[i].in_flight();
      c.free_in_ms = loads[i].free_in_ms(at(j.sent));
      c.backlog_ms = links_busy[i].backlog_ms(at(j.sent));
      candidates.push_back(c);
    }
    event_features event;
    event.size = j.size;
    event.bytes.up = bytes;
    const auto made = decide(candidates, event, rule, choices, at(j.sent));
    const auto& parts = made.chosen_parts();
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto& site = config.sites[i];
      j.belief[i] = made.parts[i].service
                    / (site.slowdown * site.disturbance(j.sent)
                       * (config.ms_per_unit * j.size + config.ms_fixed));
    }
    j.site = made.chosen;
    j.why = made.why;
    j.predicted_ms = parts.total;
    j.predicted_sd = std::sqrt(parts.variance);
    j.reach = told_reach_ms(parts);
    j.expected = parts.service;
    j.backlog = candidates[j.site].backlog_ms;
    j.open = true;
    loads[j.site].start(j.expected, parts.transit, at(j.sent));
    j.back = parts.network - parts.transit;
    links_busy[j.site].send(bytes, cells[j.site]->read().up_ms_per_byte,
                            at(j.sent));
    const auto& site = config.sites[j.site];
    auto& link = link_until[j.site];
    link = std::max(link, j.sent) + bytes * site.ms_per_byte / 1000;
    const double half = site.rtt_ms / 2000;
    const double jitter = site.rtt_ms > 1 ? j.up_jitter / 1000 : 0;
    plan(link + half + jitter, step::start, index);
  }

  void start(size_t index, double now) {
    auto& j = jobs[index];
    j.begun = true;
    j.started = std::max(now, busy_until[j.site]);
    j.queue_ms = (j.started - now) * 1000;
    const double done = finish(j.site, j.started, j.work);
    busy_until[j.site] = done;
    j.service_ms = (done - j.started) * 1000;
    const auto& site = config.sites[j.site];
    const double jitter = site.rtt_ms > 1 ? j.down_jitter / 1000 : 0;
    plan(done + site.rtt_ms / 2000 + jitter, step::reply, index);
  }

  void reply(size_t index, double now) {
    auto& j = jobs[index];
    j.finished = now;
    j.latency_ms = (now - j.sent) * 1000;
    j.open = false;
    loads[j.site].finish(j.expected, j.back, at(now));
    observation seen;
    seen.function = function;
    seen.site = ids[j.site];
    seen.size = j.size;
    seen.bytes.up = j.size * config.bytes_per_unit;
    seen.backlog_ms = j.backlog;
    seen.total_ms = j.latency_ms;
    seen.queue_ms = j.queue_ms;
    seen.service_ms = j.service_ms;
    seen.in_flight = seen.queue_length = loads[j.site].in_flight();
    seen.predicted_ms = j.predicted_ms;
    seen.predicted_sd = j.predicted_sd;
    seen.predicted_reach = j.reach;
    seen.at = at(now);
    predictor.observe(seen);
    predictor.publish(at(now));
  }

  void tick(double now) {
    std::vector<in_flight_event> late;
    for (const auto& j : jobs)
      if (j.open)
        late.push_back({function, ids[j.site], j.size, (now - j.sent) * 1000,
                        j.predicted_ms, j.predicted_sd});
    predictor.tick(late, at(now));
    predictor.publish(at(now));
  }

  void probe(double now) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto& site = config.sites[i];
      const double slow = site.slowdown
                          * (config.probe_blind ? 1 : site.disturbance(now))
                          * std::exp(config.probe_noise * noise.normal());
      predictor.observe_probe(ids[i], slow, at(now));
    }
    predictor.publish(at(now));
  }

  void ping(double now) {
    for (size_t i = 0; i < ids.size(); ++i)
      if (config.sites[i].rtt_ms > 1)
        predictor.observe_ping(links[i],
                               config.sites[i].rtt_ms
                                 - std::log(1 - noise.uniform()) * 2
                                     * config.jitter_ms,
                               at(now));
  }
};

queue_sim::queue_sim(sim_config config)
  : impl_(std::make_unique<impl>(std::move(config))) {}
queue_sim::~queue_sim() = default;

routing::predictor& queue_sim::predictor() {
  return impl_->predictor;
}
routing::function_index queue_sim::function() const {
  return impl_->function;
}
routing::site_index queue_sim::site(size_t i) const {
  return impl_->ids[i];
}

std::vector<sim_event> queue_sim::run(routing::policy& rule) {
  auto& my = *impl_;
  my.noise = random_source{my.config.seed * 7919 + 1};
  my.choices = random_source{my.config.seed * 104729 + 2};
  my.make_jobs();
  my.plan(0.05, step::tick);
  if (my.config.probe_every > 0)
    my.plan(0.01, step::probe);
  if (my.config.ping_every > 0)
    my.plan(0.02, step::ping);
  while (!my.agenda.empty()) {
    const auto next = my.agenda.top();
    my.agenda.pop();
    const bool open = next.when < my.config.seconds;
    switch (next.what) {
    case step::arrival:
      my.arrive(next.index, rule);
      break;
    case step::start:
      my.start(next.index, next.when);
      break;
    case step::reply:
      my.reply(next.index, next.when);
      break;
    case step::tick:
      my.tick(next.when);
      if (open)
        my.plan(next.when + 0.05, step::tick);
      break;
    case step::probe:
      my.probe(next.when);
      if (open)
        my.plan(next.when + my.config.probe_every, step::probe);
      break;
    case step::ping:
      my.ping(next.when);
      if (open)
        my.plan(next.when + my.config.ping_every, step::ping);
      break;
    }
  }
  return {my.jobs.begin(), my.jobs.end()};
}

} // namespace faas::test
