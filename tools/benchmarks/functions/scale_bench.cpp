// The first answer of a function that left the memory, and what a thousand that
// have left cost. Native functions, Python from nothing (an interpreter for each
// start), and the model of examples/classify: kept in memory by torch.cache, and
// read from its file. Prints tables in Markdown. Cost is the resident memory of this
// process, which has the hosts of a node but no actors and no gateway, over that
// before the first one was opened; freed memory is given back before each reading.
//
//   bench_scale [ROUNDS] [FUNCTIONS]
#include "functions/host/node_hosts.hpp"
#include "functions/isolated/isolated_runtime.hpp"
#include "functions/native/native_runtime.hpp"
#include "functions/plugin/plugin_adapter.hpp"
#include "functions/process/process_runtime.hpp"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <thread>

using namespace faas;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;

namespace {

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "bench_scale: %s\n", why.c_str());
  std::exit(1);
}

double quantile(std::vector<double> all, double q) {
  std::sort(all.begin(), all.end());
  return all[static_cast<size_t>(q * static_cast<double>(all.size() - 1))];
}

double resident_kib() {
  ::malloc_trim(0);
  std::ifstream file{"/proc/self/statm"};
  long pages = 0, resident = 0;
  file >> pages >> resident;
  return static_cast<double>(resident * ::sysconf(_SC_PAGESIZE)) / 1024;
}

/// Waits for one thing at a time.
struct signal {
  std::mutex mutex;
  std::condition_variable changed;
  int count = 0;
  void add() {
    const std::lock_guard lock{mutex};
    ++count;
    changed.notify_all();
  }
  void wait(int until) {
    std::unique_lock lock{mutex};
    if (!changed.wait_for(lock, 60s, [&] { return count >= until; }))
      stop("nothing came within a minute");
  }
};

struct one_answer final : completion_sink {
  signal came;
  reply last;
  void complete(uint64_t, reply&& answer) noexcept override {
    last = std::move(answer);
    came.add();
  }
  bool wanted(uint64_t) const noexcept override { return true; }
};

isolated::isolated_config workers() {
  isolated::isolated_config made;
  made.worker.program
    = std::filesystem::read_symlink("/proc/self/exe").parent_path()
      / "faas-worker";
  if (const auto found = sandbox::probe(); found.enough())
    made.sandbox = found.facts();
  return made;
}

std::filesystem::path program_folder() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

/// What is started: its spec without a name, and a body for it.
struct subject {
  const char* name;
  petrel_spec spec;
  std::filesystem::path folder = BENCH_FUNCTIONS;
  std::string body = std::string(1024, 'x');
  uint64_t kept_models = 0; ///< bytes
};

subject native_hello(const char* name, trust_mode mode) {
  subject made{name, {}};
  made.spec.artifact = "hello.so";
  made.spec.mode = mode;
  return made;
}

subject python(const std::filesystem::path& folder) {
  std::ofstream{folder / "handler.py"}
    << "import petrel\n@petrel.function\ndef handle(event):\n"
       "    return b\"x\"\n";
  std::filesystem::copy(PETREL_CHECKOUT "/python/src/petrel",
                        folder / "petrel",
                        std::filesystem::copy_options::recursive);
  subject made{"Python worker, from nothing", {}, folder};
  made.spec.runtime = runtime_kind::process;
  made.spec.kind = artifact_kind::native;
  made.spec.mode = trust_mode::isolated;
  made.spec.process.protocol = process_protocol::worker;
  made.spec.process.command = {"python3", "-m", "petrel", "handler.py"};
  return made;
}

subject classify(const char* name, uint64_t kept_models) {
  subject made{name, {}, PETREL_CHECKOUT "/examples/classify",
               std::string(784, 'x'), kept_models};
  made.spec.runtime = runtime_kind::torch;
  made.spec.kind = artifact_kind::torchscript;
  made.spec.mode = trust_mode::threads;
  made.spec.artifact = "model.pt";
  made.spec.inputs = {{"images", "UINT8", {-1, 1, 28, 28}}};
  return made;
}

struct node {
  host::node_function_hosts hosts;
  signal ready;
  time_point now = clock_type::now();

  static host::node_hosts_config config() {
    host::node_hosts_config made;
    made.trust.trust_all = true;
    made.tick_every = 0s;
    return made;
  }
  explicit node(uint64_t kept_models = 0) : hosts(config()) {
    using made = result<std::unique_ptr<function_runtime>>;
    hosts.add_runtime(runtime_kind::native, []() -> made {
      return std::unique_ptr<function_runtime>{
        std::make_unique<native::native_runtime>()};
    });
    hosts.add_worker_runtime(runtime_kind::native, []() -> made {
      return std::unique_ptr<function_runtime>{
        std::make_unique<isolated::isolated_runtime>(workers())};
    });
    hosts.add_worker_runtime(runtime_kind::process, []() -> made {
      process::runtime_config settings;
      settings.sockets = std::filesystem::temp_directory_path();
      settings.sandboxed = sandbox::probe().enough();
      return std::unique_ptr<function_runtime>{
        std::make_unique<process::process_runtime>(std::move(settings))};
    });
    hosts.add_runtime(runtime_kind::torch, [kept_models]() -> made {
      plugin_options options;
      options.kept_models_bytes = kept_models;
      auto loaded = load_plugin(plugin_path("torch", program_folder()),
                                options);
      if (!loaded)
        return loaded.error();
      return std::unique_ptr<function_runtime>{
        std::make_unique<plugin_adapter>(std::move(*loaded))};
    });
  }
  std::shared_ptr<function_host> open(const subject& what, int number) {
    host_request request;
    request.version = {function_name{"hello-" + std::to_string(number)}, 1};
    request.spec.name = request.version.function;
    request.spec.petrel = what.spec;
    request.folder = what.folder;
    request.spec.petrel.scale.min = 0;
    request.spec.petrel.scale.learn = false;
    host_events events;
    events.loaded = [this](result<void> how) {
      if (!how)
        stop(how.error().to_string());
      ready.add();
    };
    const auto before = ready.count;
    auto opened = hosts.open(std::move(request), std::move(events));
    if (!opened)
      stop(opened.error().to_string());
    ready.wait(before + 1);
    return *opened;
  }
  /// Lets an hour pass until all have left.
  void all_leave(const std::vector<std::shared_ptr<function_host>>& all) {
    const auto end = clock_type::now() + 60s;
    while (std::any_of(all.begin(), all.end(), [](const auto& host) {
      return host->stats().instances > 0;
    })) {
      if (clock_type::now() > end)
        stop("a function did not leave the memory");
      hosts.tick(now += 1h);
      std::this_thread::yield();
    }
  }
};

void first_answers(const subject& what, int rounds) {
  node here{what.kept_models};
  const auto host = here.open(what, 0);
  std::vector<double> cold, warm, told;
  const auto ask = [&] {
    auto sink = std::make_shared<one_answer>();
    invocation event;
    event.id = {1, 2};
    event.body = blob{what.body};
    event.deadline = clock_type::now() + 60s;
    const auto begin = clock_type::now();
    host->submit(std::move(event), completion{sink, 1});
    sink->came.wait(1);
    const auto took = to_ms(clock_type::now() - begin);
    if (sink->last.code != errc::ok)
      stop(sink->last.message);
    return std::pair{took, to_ms(sink->last.times.cold)};
  };
  for (int i = 0; i < rounds; ++i) {
    here.all_leave({host});
    const auto [took, part] = ask();
    cold.push_back(took);
    told.push_back(part);
    warm.push_back(ask().first);
  }
  if (host->stats().cold_starts != static_cast<uint64_t>(rounds))
    stop("not each first event was cold");
  std::printf("| %s | %.2f | %.2f | %.2f | %.3f |\n", what.name,
              quantile(cold, 0.5), quantile(cold, 0.99), quantile(told, 0.5),
              quantile(warm, 0.5));
  std::fflush(stdout);
}

void density(const subject& what, int count) {
  node here;
  std::vector<std::shared_ptr<function_host>> all{here.open(what, 0)};
  here.all_leave(all); // threads, runtime and allocator are there now
  const auto before = resident_kib();
  for (int i = 1; i <= count; ++i) {
    all.push_back(here.open(what, i));
    if (i % 10 == 0)
      here.all_leave(all);
  }
  here.all_leave(all);
  std::printf("| %s | %d | %.1f |\n", what.name, count,
              (resident_kib() - before) / count);
  std::fflush(stdout);
}

} // namespace

/// A folder of this run, removed at its end.
struct scratch {
  std::filesystem::path path;
  scratch() {
    auto name
      = (std::filesystem::temp_directory_path() / "petrel-bench-XXXXXX")
          .string();
    if (!::mkdtemp(name.data()))
      stop("no temporary folder");
    path = name;
    std::filesystem::permissions(path, std::filesystem::perms{0755});
  }
  ~scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};

int main(int count, char** words) {
  const int rounds = count > 1 ? std::max(1, std::atoi(words[1])) : 50;
  const int many = count > 2 ? std::max(1, std::atoi(words[2])) : 1000;
  const scratch folder;
  const auto in_process = native_hello("native, threads", trust_mode::threads),
             in_worker
    = native_hello("native, isolated", trust_mode::isolated);
  std::printf("| first answer after leaving the memory | p50 ms | p99 ms | cold "
              "part p50 ms | warm p50 ms |\n| --- | --- | --- | --- | --- |\n");
  first_answers(in_process, rounds);
  first_answers(in_worker, rounds);
  first_answers(python(folder.path), rounds);
  if (std::filesystem::exists(plugin_path("torch", program_folder()))) {
    first_answers(classify("TorchScript, 1.7 MB, kept", 64 << 20), rounds);
    first_answers(classify("TorchScript, 1.7 MB, from its file", 0), rounds);
  }
  std::printf("\n| deployed, not in memory | functions | KiB each |\n"
              "| --- | --- | --- |\n");
  density(in_process, many);
  density(in_worker, many);
}
