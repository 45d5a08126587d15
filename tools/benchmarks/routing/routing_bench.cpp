// Cost of the routing core: decisions, observations, cell reads.
//   build/bin/routing_bench
// Counters p50_ns and p99_ns are quantiles over batches of 16 decisions (one
// decision is shorter than the clock's grain).
#include "libfaas/routing/policies/min_latency.hpp"
#include "libfaas/routing/policies/plain.hpp"
#include "libfaas/routing/predictor.hpp"
#include "libfaas/routing/shortlist.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <deque>
#include <malloc.h>
#include <thread>

namespace {

using namespace faas;
using namespace faas::routing;

struct candidates {
  std::deque<estimate_cell> cells;
  std::vector<candidate> list;

  explicit candidates(size_t count) {
    random_source random{1};
    for (size_t i = 0; i < count; ++i) {
      estimate e;
      e.factor = std::exp(0.1 * random.normal());
      e.log_var = 0.01;
      e.rtt_ms = 5 + random.uniform();
      e.warm_until_ms = 1e300;
      e.mean_service_ms = 2;
      e.offered = 0.8;
      cells.emplace_back(e);
      candidate c;
      c.site = site_index{static_cast<uint32_t>(i)};
      c.cell = &cells.back();
      c.in_flight = 2;
      c.free_in_ms = 10 * random.uniform();
      list.push_back(c);
    }
  }
};

/// Quantiles of times, ns.
class timings {
public:
  timings() { all_.reserve(1 << 20); }
  void add(double ns) {
    if (all_.size() < all_.capacity())
      all_.push_back(ns);
  }
  void tell(benchmark::State& to) {
    std::sort(all_.begin(), all_.end());
    to.counters["p50_ns"] = all_[all_.size() / 2];
    to.counters["p99_ns"] = all_[all_.size() * 99 / 100];
  }

private:
  std::vector<double> all_;
};

void decision_over_sites(benchmark::State& state) {
  using clock = std::chrono::steady_clock;
  constexpr int batch = 16;
  candidates sites{static_cast<size_t>(state.range(0))};
  min_latency rule;
  random_source random{1};
  timings times;
  event_features event;
  uint64_t i = 0;
  for (auto _ : state) {
    const auto begin = clock::now();
    for (int k = 0; k < batch; ++k) {
      event.size = static_cast<double>(1 + ++i % 300);
      benchmark::DoNotOptimize(
        decide(sites.list, event, rule, random, time_point{} + from_ms(1)));
    }
    const std::chrono::duration<double, std::nano> took = clock::now() - begin;
    times.add(took.count() / batch);
  }
  state.SetItemsProcessed(state.iterations() * batch);
  times.tell(state);
}
BENCHMARK(decision_over_sites)->Arg(1)->Arg(2)->Arg(16);

/// More than a decision holds: each is ranked, then it is among the first.
void decision_over_many(benchmark::State& state) {
  using clock = std::chrono::steady_clock;
  candidates sites{static_cast<size_t>(state.range(0))};
  min_latency rule;
  random_source random{1};
  timings times;
  event_features event;
  std::vector<candidate> few;
  uint64_t n = 0;
  const auto now = time_point{} + from_ms(1);
  for (auto _ : state) {
    const auto begin = clock::now();
    event.size = static_cast<double>(1 + ++n % 300);
    shortlist some{event, rule, random, now, sites.list.size()};
    for (uint32_t i = 0; i < sites.list.size(); ++i)
      some.offer(sites.list[i], i);
    few.clear();
    for (const auto i : some.finish())
      few.push_back(sites.list[i]);
    benchmark::DoNotOptimize(decide(few, event, rule, random, now));
    const std::chrono::duration<double, std::nano> took = clock::now() - begin;
    times.add(took.count());
  }
  state.SetItemsProcessed(state.iterations());
  times.tell(state);
}
BENCHMARK(decision_over_many)->Arg(64)->Arg(1000);

void observation_with_publish(benchmark::State& state) {
  // Batches of 64, as a loop hands them over; two sites, 16 functions.
  constexpr size_t functions = 16, batch = 64;
  predictor p;
  const auto local = *p.add_link(loopback_link());
  const auto wan = *p.add_link({"wan", {}});
  const site_index sites[]{*p.add_site({"edge", "edge", local, 1}),
                           *p.add_site({"cloud", "cloud", wan, 1})};
  std::vector<observation> seen;
  random_source random{1};
  for (size_t i = 0; i < functions; ++i)
    (void)p.add_function("f" + std::to_string(i));
  for (size_t i = 0; i < 4096; ++i) {
    observation o;
    o.function = function_index{static_cast<uint32_t>(i % functions)};
    o.site = sites[random.below(2)];
    o.size = static_cast<double>(1 + random.below(300));
    o.bytes.up = 784 * o.size;
    o.service_ms = (0.34 * o.size + 1) * std::exp(0.1 * random.normal());
    o.total_ms = o.service_ms + 20 + random.uniform();
    o.predicted_ms = o.total_ms * 1.1;
    o.predicted_sd = 5;
    seen.push_back(o);
  }
  size_t at = 0;
  time_point now{};
  for (auto _ : state) {
    for (size_t k = 0; k < batch; ++k) {
      auto& o = seen[at++ % seen.size()];
      o.at = now += from_ms(0.1);
      p.observe(o);
    }
    p.publish(now);
  }
  state.SetItemsProcessed(state.iterations() * batch);
}
BENCHMARK(observation_with_publish);

/// 1,000 functions on 100 sites, each pair with one event and a cell in use.
void memory_of_100000_pairs(benchmark::State& state) {
  const auto allocated = [] { // large blocks are mapped, not in the arena
    const auto now = ::mallinfo2();
    return now.uordblks + now.hblkhd;
  };
  for (auto _ : state) {
    const auto before = allocated();
    predictor p;
    const auto wan = *p.add_link({"wan", {}});
    std::vector<site_index> sites;
    for (int i = 0; i < 100; ++i)
      sites.push_back(*p.add_site({"s" + std::to_string(i), "edge", wan, 1}));
    std::vector<std::shared_ptr<const estimate_cell>> cells;
    observation o;
    o.size = 3;
    o.service_ms = 5;
    o.total_ms = 9;
    for (int i = 0; i < 1000; ++i) {
      o.function = *p.add_function("f" + std::to_string(i));
      for (const auto site : sites) {
        cells.push_back(p.cell(o.function, site, o.at));
        o.site = site;
        p.observe(o);
      }
      p.publish(o.at);
    }
    state.counters["MiB"]
      = static_cast<double>(allocated() - before) / (1 << 20);
  }
}
BENCHMARK(memory_of_100000_pairs)->Iterations(1)->Unit(benchmark::kMillisecond);

void cell_read(benchmark::State& state) {
  estimate_cell cell;
  for (auto _ : state)
    benchmark::DoNotOptimize(cell.read());
}
BENCHMARK(cell_read);

void cell_read_while_written(benchmark::State& state) {
  // One write per 20 us, far more than a predictor makes.
  estimate_cell cell;
  std::atomic<bool> done{false};
  std::thread writer{[&] {
    estimate e;
    while (!done) {
      e.slope += 1;
      cell.write(e);
      const auto until
        = std::chrono::steady_clock::now() + std::chrono::microseconds{20};
      while (std::chrono::steady_clock::now() < until) {
      }
    }
  }};
  for (auto _ : state)
    benchmark::DoNotOptimize(cell.read());
  done = true;
  writer.join();
}
BENCHMARK(cell_read_while_written);

} // namespace

BENCHMARK_MAIN();
