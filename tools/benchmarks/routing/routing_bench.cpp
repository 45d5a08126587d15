// Cost of the routing core: decisions, observations, cell reads.
//   build/bin/routing_bench
// decision_over_sites: p50_ns and p99_ns are quantiles of means over 16
// decisions one after the other; a mean hides a single slow one.
// single_decision_*: each decision is timed by itself. From single_p50_ns and
// single_p99_ns the median cost of the two clock readings, pair_ns, has been
// subtracted; how much a reading scatters stays in them.
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
  void add(std::chrono::duration<double, std::nano> took) { add(took.count()); }
  void tell(benchmark::State& to) {
    to.counters["p50_ns"] = quantile(0.5);
    to.counters["p99_ns"] = quantile(0.99);
  }
  double quantile(double share) {
    std::sort(all_.begin(), all_.end());
    const auto count = static_cast<double>(all_.size());
    const auto at = static_cast<size_t>(share * count);
    return all_[std::min(at, all_.size() - 1)];
  }

private:
  std::vector<double> all_;
};

using clock = std::chrono::steady_clock;

/// What reading the clock twice takes, with nothing in between, ns.
double timing_pair_ns() {
  timings empty;
  for (int i = 0; i < 100'000; ++i) {
    const auto begin = clock::now();
    empty.add(clock::now() - begin);
  }
  return empty.quantile(0.5);
}

/// Times each call of `decide_once` by itself.
template <class Decision>
void time_singly(benchmark::State& state, Decision decide_once) {
  for (int i = 0; i < 10'000; ++i)
    decide_once(); // caches, branches and the processor's clock settle
  const auto pair = timing_pair_ns();
  timings times;
  for (auto _ : state) {
    const auto begin = clock::now();
    decide_once();
    times.add(clock::now() - begin);
  }
  state.SetItemsProcessed(state.iterations());
  state.counters["pair_ns"] = pair;
  state.counters["single_p50_ns"] = times.quantile(0.5) - pair;
  state.counters["single_p99_ns"] = times.quantile(0.99) - pair;
}

void decision_over_sites(benchmark::State& state) {
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
    times.add(took / batch);
  }
  state.SetItemsProcessed(state.iterations() * batch);
  times.tell(state);
}
BENCHMARK(decision_over_sites)->Arg(1)->Arg(2)->Arg(16);

void single_decision_over_sites(benchmark::State& state) {
  candidates sites{static_cast<size_t>(state.range(0))};
  min_latency rule;
  random_source random{1};
  event_features event;
  uint64_t i = 0;
  time_singly(state, [&] {
    event.size = static_cast<double>(1 + ++i % 300);
    benchmark::DoNotOptimize(
      decide(sites.list, event, rule, random, time_point{} + from_ms(1)));
  });
}
BENCHMARK(single_decision_over_sites)->Arg(1)->Arg(16)->Iterations(500'000);

/// More than a decision holds: each is ranked, then it is among the first.
class many_sites {
public:
  explicit many_sites(benchmark::State& state)
    : sites_{static_cast<size_t>(state.range(0))} {}
  void decide_once() {
    const auto now = time_point{} + from_ms(1);
    event_.size = static_cast<double>(1 + ++n_ % 300);
    shortlist some{event_, rule_, random_, now, sites_.list.size()};
    for (uint32_t i = 0; i < sites_.list.size(); ++i)
      some.offer(sites_.list[i], i);
    few_.clear();
    for (const auto i : some.finish())
      few_.push_back(sites_.list[i]);
    benchmark::DoNotOptimize(decide(few_, event_, rule_, random_, now));
  }

private:
  candidates sites_;
  min_latency rule_;
  random_source random_{1};
  event_features event_;
  std::vector<candidate> few_;
  uint64_t n_ = 0;
};

/// Each is timed by itself here, too, but with the clock's readings in it.
void decision_over_many(benchmark::State& state) {
  many_sites among{state};
  timings times;
  for (auto _ : state) {
    const auto begin = clock::now();
    among.decide_once();
    times.add(clock::now() - begin);
  }
  state.SetItemsProcessed(state.iterations());
  times.tell(state);
}
BENCHMARK(decision_over_many)->Arg(64)->Arg(1000);

void single_decision_over_many(benchmark::State& state) {
  many_sites among{state};
  time_singly(state, [&] { among.decide_once(); });
}
BENCHMARK(single_decision_over_many)->Arg(1000)->Iterations(50'000);

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
    o.predicted_reach = 8;
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
