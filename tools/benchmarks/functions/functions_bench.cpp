// What a function call costs in the host and native runtime, with `hello`.
#include "functions/host/node_hosts.hpp"
#include "functions/native/native_runtime.hpp"

#include <benchmark/benchmark.h>

#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <thread>

using namespace faas;
using namespace std::chrono_literals;

namespace {

/// Counts answers; the waiting side sleeps only when it has to.
struct counting_sink final : completion_sink {
  void complete(uint64_t, reply&& answer) noexcept override {
    if (answer.code != errc::ok)
      failed.fetch_add(1);
    if (count.fetch_add(1) + 1 == wanted_count.load())
      count.notify_all();
  }
  bool wanted(uint64_t) const noexcept override { return true; }
  /// Until n answers in all have come.
  void wait_for(uint64_t n) {
    wanted_count.store(n);
    for (auto seen = count.load(); seen < n; seen = count.load())
      count.wait(seen);
  }
  std::atomic<uint64_t> count{0}, wanted_count{0}, failed{0};
};

struct node {
  std::unique_ptr<host::node_function_hosts> hosts;
  std::shared_ptr<function_host> host;

  node(trust_mode mode, uint32_t threads) {
    host::node_hosts_config config;
    config.trust.trust_all = true;
    config.threads = threads;
    config.inline_bounds = {1h, 1h}; // a noisy machine must not end it
    hosts = std::make_unique<host::node_function_hosts>(config);
    hosts->add_runtime(runtime_kind::native,
                       []() -> result<std::unique_ptr<function_runtime>> {
                         std::unique_ptr<function_runtime> made
                           = std::make_unique<native::native_runtime>();
                         return made;
                       });
    host_request request;
    request.version = {function_name{"hello"}, 1};
    request.folder = BENCH_FUNCTIONS;
    request.spec.petrel.artifact = "hello.so";
    request.spec.petrel.mode = mode;
    request.spec.petrel.concurrency = threads;
    request.spec.petrel.queue = 100'000;
    std::mutex mutex;
    std::condition_variable changed;
    bool ready = false;
    host_events events;
    events.loaded = [&](result<void> how) {
      const std::lock_guard lock{mutex};
      if (!how)
        throw std::runtime_error(how.error().to_string());
      ready = true;
      changed.notify_all();
    };
    std::unique_lock lock{mutex};
    host = *hosts->open(request, events);
    changed.wait(lock, [&] { return ready; });
  }
};

/// As a gateway would make it: body, two headers, a traceparent.
invocation make_event(const blob& body) {
  invocation event;
  event.id = {1, 2};
  event.function = function_name{"hello"};
  event.content_type = "text/plain";
  event.headers = {{"Accept", "*/*"}, {"User-Agent", "bench"}};
  event.body = body;
  event.deadline = std::chrono::steady_clock::now() + 60s;
  return event;
}

const blob body{std::string{"world, how are you today"}};

void make_event_only(benchmark::State& state) {
  for (auto _ : state)
    benchmark::DoNotOptimize(make_event(body));
}
BENCHMARK(make_event_only);

void native_invoke(benchmark::State& state) {
  struct context final : invocation_context {
    bool cancelled() const noexcept override { return false; }
    duration remaining() const noexcept override { return 1s; }
    void log(log_level, std::string_view) noexcept override {}
  } context;
  native::native_runtime runtime;
  function_spec spec;
  spec.petrel.artifact = "hello.so";
  auto module
    = *runtime.load({{function_name{"hello"}, 1}, spec, BENCH_FUNCTIONS});
  auto instance = *module->create_instance();
  const auto event = make_event(body);
  for (auto _ : state)
    benchmark::DoNotOptimize(instance->invoke(event, context));
}
BENCHMARK(native_invoke);

/// Includes making the event: see make_event_only.
void inline_call(benchmark::State& state) {
  node n{trust_mode::inline_, 1};
  auto sink = std::make_shared<counting_sink>();
  for (auto _ : state)
    n.host->submit(make_event(body), completion{sink, 1});
  if (sink->failed > 0)
    state.SkipWithError("calls failed");
}
BENCHMARK(inline_call);

/// One event there and back, nothing else going on: two wake-ups.
void threads_round_trip(benchmark::State& state) {
  node n{trust_mode::threads, 2};
  auto sink = std::make_shared<counting_sink>();
  uint64_t sent = 0;
  for (auto _ : state) {
    sink->wanted_count.store(sent + 1);
    n.host->submit(make_event(body), completion{sink, 1});
    sink->wait_for(++sent);
  }
}
BENCHMARK(threads_round_trip)->UseRealTime();

/// Batches of 32 in flight per submitter, as 32 connections have.
void threads_throughput(benchmark::State& state) {
  const auto submitters = static_cast<int>(state.range(0));
  constexpr int batch = 32, batches = 200;
  node n{trust_mode::threads, 2};
  for (auto _ : state) {
    std::vector<std::thread> loops;
    for (int i = 0; i < submitters; ++i)
      loops.emplace_back([&] {
        auto sink = std::make_shared<counting_sink>();
        uint64_t sent = 0;
        for (int b = 0; b < batches; ++b) {
          sink->wanted_count.store(sent + batch);
          for (int k = 0; k < batch; ++k)
            n.host->submit(make_event(body), completion{sink, 1});
          sink->wait_for(sent += batch);
        }
      });
    for (auto& loop : loops)
      loop.join();
  }
  state.SetItemsProcessed(state.iterations() * submitters * batch * batches);
}
BENCHMARK(threads_throughput)
  ->Arg(1)
  ->Arg(2)
  ->UseRealTime()
  ->MeasureProcessCPUTime();

} // namespace
