// Cost of the decision log per event: what a gateway loop pays, what the
// writer's thread pays, and reading.
//   build/bin/bench_decisions
#include "libfaas/decisions/sampler.hpp"
#include "libfaas/decisions/segment_reader.hpp"
#include "libfaas/decisions/segment_writer.hpp"

#include <benchmark/benchmark.h>

namespace {

using namespace faas;
using namespace faas::decisions;

struct world {
  random_source random{1};
  context_ptr of;
  routing::decision made;
  entry what;

  explicit world(size_t sites) {
    auto names = std::make_shared<context>();
    names->function = "resize";
    names->policy = "min-latency";
    for (size_t i = 0; i < sites; ++i) {
      names->sites.push_back("edge-" + std::to_string(i) + "/cpu");
      auto& p = made.parts[i];
      p.network = i == 0 ? 0 : 5 + random.uniform();
      p.queue = i == 0 ? 0.1 : 0;
      p.service = 11 + random.uniform();
      p.cold = p.overdue = 0;
      p.total = p.network + p.queue + p.service;
      p.variance = 2;
      p.epistemic = 0.1;
      made.healthy |= 1u << i;
    }
    made.count = static_cast<uint8_t>(sites);
    of = names;
    what.at_us = 1'700'000'000'000'000;
    what.bytes = 20'000;
    what.deadline_ms = 9'990;
    what.chosen = 0;
    what.runner_up = sites > 1 ? 1 : routing::decision::none;
    what.why = routing::reason::best;
    what.total_ms = 12;
    what.service_ms = 11;
    what.queue_ms = 0.1f;
  }

  void next() {
    what.id = {random.next(), random.next()};
    what.at_us += 1000;
  }
};

/// On the loop: is it logged, the sites noted, at the end put into a batch.
void loop_part(benchmark::State& state) {
  world w{static_cast<size_t>(state.range(0))};
  sampler by{1, 0};
  std::vector<logged_site> note(w.made.count);
  batch to;
  for (auto _ : state) {
    w.next();
    w.what.logged = by.draw(w.what.id, time_point{});
    note_sites(w.made, note);
    to.add(w.what, w.of, note);
    // As a loop does: a new one each time.
    if (to.items.size() == 256 || to.sites.size() >= 1024)
      to = {};
  }
}
BENCHMARK(loop_part)->Arg(1)->Arg(3)->Arg(16);

/// On the writer's thread: bytes of a segment, with their check.
void writer_part(benchmark::State& state) {
  world w{static_cast<size_t>(state.range(0))};
  std::vector<logged_site> note(w.made.count);
  note_sites(w.made, note);
  segment_writer writer;
  std::string bytes;
  writer.begin({"edge-1", "0", 0}, bytes);
  uint64_t count = 0, total = 0;
  for (auto _ : state) {
    w.next();
    writer.add(w.what, w.of, note);
    if (++count % 100 == 0) {
      writer.finish_block(bytes);
      total += bytes.size();
      bytes.clear();
    }
  }
  state.counters["bytes_each"]
    = static_cast<double>(total) / static_cast<double>(count);
}
BENCHMARK(writer_part)->Arg(1)->Arg(3)->Arg(16);

/// An event that is not logged.
void not_logged(benchmark::State& state) {
  world w{3};
  sampler by{1e-9, 1000};
  time_point now{};
  for (auto _ : state) {
    w.next();
    now += std::chrono::microseconds{10};
    benchmark::DoNotOptimize(by.draw(w.what.id, now));
  }
}
BENCHMARK(not_logged);

void reading(benchmark::State& state) {
  world w{3};
  std::vector<logged_site> note(w.made.count);
  note_sites(w.made, note);
  segment_writer writer;
  std::string bytes;
  writer.begin({"edge-1", "0", 0}, bytes);
  for (int i = 1; i <= 10'000; ++i) {
    w.next();
    writer.add(w.what, w.of, note);
    if (i % 100 == 0)
      writer.finish_block(bytes);
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(
      read_log(bytes, [](const record&) { return true; }));
  state.SetItemsProcessed(state.iterations() * 10'000);
}
BENCHMARK(reading);

} // namespace

BENCHMARK_MAIN();
