// What a call costs in each mode over calling the handler directly, and how long
// an instance takes to start. The modes take turns, so that a noisy machine
// harms all alike. Prints tables in Markdown.
//
//   bench_isolated [ROUNDS]
#include "functions/host/node_hosts.hpp"
#include "functions/isolated/isolated_runtime.hpp"
#include "functions/native/native_runtime.hpp"
#include "tools/benchmarks/functions/calls.hpp"

#include <cstdio>

using namespace faas;
using namespace faas::bench;
using namespace std::chrono_literals;

namespace {

std::filesystem::path worker_program() {
  const auto self = std::filesystem::read_symlink("/proc/self/exe");
  return self.parent_path() / "faas-worker";
}

isolated::isolated_config workers(bool sandboxed) {
  isolated::isolated_config made;
  made.worker.program = worker_program();
  if (sandboxed)
    made.sandbox = sandbox::probe().facts();
  return made;
}

bool can_sandbox() {
  return sandbox::probe().enough();
}

struct node {
  std::unique_ptr<host::node_function_hosts> hosts;
  std::shared_ptr<function_host> host;

  node(trust_mode mode, uint32_t concurrency, bool sandboxed) {
    host::node_hosts_config config;
    config.trust.trust_all = true;
    config.inline_bounds = {1h, 1h};
    hosts = std::make_unique<host::node_function_hosts>(config);
    hosts->add_runtime(runtime_kind::native,
                       []() -> result<std::unique_ptr<function_runtime>> {
                         return std::unique_ptr<function_runtime>{
                           std::make_unique<native::native_runtime>()};
                       });
    hosts->add_worker_runtime(
      runtime_kind::native,
      [=]() -> result<std::unique_ptr<function_runtime>> {
        return std::unique_ptr<function_runtime>{
          std::make_unique<isolated::isolated_runtime>(workers(sandboxed))};
      });
    host_request request;
    request.version = {function_name{"hello"}, 1};
    request.folder = BENCH_FUNCTIONS;
    request.spec.petrel.artifact = "hello.so";
    request.spec.petrel.mode = mode;
    request.spec.petrel.concurrency = concurrency;
    request.spec.petrel.queue = 100'000;
    host = open_ready(*hosts, std::move(request));
  }
};

std::unique_ptr<function_module> load(function_runtime& runtime) {
  function_spec spec;
  spec.petrel.artifact = "hello.so";
  auto module
    = runtime.load({{function_name{"hello"}, 1}, spec, BENCH_FUNCTIONS});
  if (!module)
    stop(module.error().to_string());
  return std::move(*module);
}

samples direct(const blob& body, size_t count) {
  native::native_runtime runtime;
  const auto module = load(runtime);
  auto instance = *module->create_instance();
  quiet context;
  samples all;
  for (size_t i = 0; i < count; ++i) {
    const auto event = make_event("hello", body);
    const auto begin = clock_type::now();
    const auto answer = instance->invoke(event, context);
    all.push_back(std::chrono::duration<double, std::micro>(clock_type::now()
                                                            - begin)
                    .count());
  }
  return all;
}

/// From nothing to the first answer of an instance.
samples cold(function_runtime& runtime, size_t count) {
  const auto module = load(runtime);
  quiet context;
  const blob body{std::string(1024, 'x')};
  samples all;
  for (size_t i = 0; i < count; ++i) {
    const auto begin = clock_type::now();
    auto instance = module->create_instance();
    if (!instance)
      stop(instance.error().to_string());
    (*instance)->invoke(make_event("hello", body), context);
    all.push_back(std::chrono::duration<double, std::micro>(clock_type::now()
                                                            - begin)
                    .count());
  }
  return all;
}

struct way {
  const char* name;
  trust_mode mode;
  bool sandboxed;
};

void calls(int rounds, size_t size, size_t in_flight, size_t count,
           const std::vector<way>& ways) {
  const blob body{std::string(size, 'x')};
  std::vector<std::unique_ptr<node>> nodes;
  for (const auto& one : ways)
    nodes.push_back(std::make_unique<node>(
      one.mode, static_cast<uint32_t>(in_flight), one.sandboxed));
  samples bare;
  std::vector<samples> all(ways.size());
  for (size_t i = 0; i < ways.size(); ++i) // warm-up
    drive(*nodes[i]->host, "hello", body, in_flight, count / 4);
  for (int round = 0; round < rounds; ++round) {
    const auto some = direct(body, count);
    bare.insert(bare.end(), some.begin(), some.end());
    for (size_t i = 0; i < ways.size(); ++i) {
      const auto more = drive(*nodes[i]->host, "hello", body, in_flight, count);
      all[i].insert(all[i].end(), more.begin(), more.end());
    }
  }
  const auto base = quantile(bare, 0.5);
  std::printf("| %zu KiB | %zu | direct | %.1f | %.1f | |\n", size / 1024,
              in_flight, base, quantile(bare, 0.99));
  for (size_t i = 0; i < ways.size(); ++i) {
    const auto half = quantile(all[i], 0.5);
    std::printf("| %zu KiB | %zu | %s | %.1f | %.1f | %.1f |\n", size / 1024,
                in_flight, ways[i].name, half, quantile(all[i], 0.99),
                half - base);
  }
  std::fflush(stdout);
}

void starts(int rounds, bool sandboxed) {
  native::native_runtime in_process;
  isolated::isolated_runtime bare{workers(false)};
  std::vector<std::pair<const char*, function_runtime*>> ways{
    {"threads", &in_process}, {"isolated, no sandbox", &bare}};
  std::unique_ptr<isolated::isolated_runtime> confined;
  if (sandboxed) {
    confined = std::make_unique<isolated::isolated_runtime>(workers(true));
    ways.emplace_back("isolated", confined.get());
  }
  std::vector<samples> all(ways.size());
  for (int round = 0; round < rounds; ++round)
    for (size_t i = 0; i < ways.size(); ++i) {
      const auto some = cold(*ways[i].second, 20);
      all[i].insert(all[i].end(), some.begin(), some.end());
    }
  std::printf("\n| cold start to first answer | p50 ms | p99 ms |\n"
              "| --- | --- | --- |\n");
  for (size_t i = 0; i < ways.size(); ++i)
    std::printf("| %s | %.2f | %.2f |\n", ways[i].first,
                quantile(all[i], 0.5) / 1000, quantile(all[i], 0.99) / 1000);
}

} // namespace

int main(int count, char** words) {
  const int rounds = count > 1 ? std::max(1, std::atoi(words[1])) : 5;
  const bool sandboxed = can_sandbox();
  std::vector<way> ways{{"inline", trust_mode::inline_, false},
                        {"threads", trust_mode::threads, false},
                        {"isolated, no sandbox", trust_mode::isolated, false}};
  if (sandboxed)
    ways.push_back({"isolated", trust_mode::isolated, true});
  std::printf("| body | in flight | mode | p50 us | p99 us | p50 over direct us "
              "|\n| --- | --- | --- | --- | --- | --- |\n");
  calls(rounds, 1024, 1, 4000, ways);
  calls(rounds, 1024, 32, 4000, ways);
  calls(rounds, 1024 * 1024, 1, 400, ways);
  calls(rounds, 1024 * 1024, 32, 400, ways);
  starts(rounds, sandboxed);
}
