// Python functions from the zygote and with interpreters of their own: the first
// answer of a function that left the memory, and what a hundred instances that
// wait hold of the memory. Prints tables in Markdown.
//
//   bench_zygote [ROUNDS] [INSTANCES]
#include "functions/host/node_hosts.hpp"
#include "functions/process/process_runtime.hpp"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

using namespace faas;
using namespace std::chrono_literals;
using clock_type = std::chrono::steady_clock;
namespace fs = std::filesystem;

namespace {

constexpr uint32_t forks_that_wait = 2;
constexpr auto handler = R"(
import petrel
@petrel.function
def handle(event):
    return b"x"
)";

[[noreturn]] void stop(const std::string& why) {
  std::fprintf(stderr, "bench_zygote: %s\n", why.c_str());
  std::exit(1);
}

double quantile(std::vector<double> all, double q) {
  std::sort(all.begin(), all.end());
  return all[static_cast<size_t>(q * static_cast<double>(all.size() - 1))];
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
  /// Lets time pass for what is made in the background.
  void pause(duration time) {
    std::unique_lock lock{mutex};
    changed.wait_for(lock, time, [] { return false; });
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

function_spec spec() {
  function_spec made;
  made.name = function_name{"f"};
  made.petrel.runtime = runtime_kind::process;
  made.petrel.process.protocol = process_protocol::worker;
  made.petrel.process.command = {"python3", "-m", "petrel", "handler.py"};
  made.petrel.scale.min = 0;
  made.petrel.scale.learn = false;
  made.limits["memory"] = "128Mi";
  return made;
}

process::runtime_config runtime(const fs::path& folder, uint32_t waiting) {
  process::runtime_config made;
  made.sockets = folder / "run";
  made.python_waiting = waiting;
  made.log = [](std::string line) {
    std::fprintf(stderr, "%s\n", line.c_str());
  };
  return made;
}

/// The function host of a node, whose time is ours.
struct node {
  host::node_function_hosts hosts;
  std::shared_ptr<function_host> host;
  signal ready;
  time_point now = clock_type::now();
  std::vector<double> first, cold, next;

  static host::node_hosts_config config() {
    host::node_hosts_config made;
    made.tick_every = 0s;
    return made;
  }
  node(const fs::path& folder, uint32_t waiting) : hosts(config()) {
    hosts.add_worker_runtime(
      runtime_kind::process,
      [=]() -> result<std::unique_ptr<function_runtime>> {
        return std::unique_ptr<function_runtime>{
          std::make_unique<process::process_runtime>(
            runtime(folder, waiting))};
      });
    host_request request;
    request.version = {function_name{"f"}, 1};
    request.folder = folder;
    request.spec = spec();
    host_events events;
    events.loaded = [this](result<void> outcome) {
      if (!outcome)
        stop(outcome.error().to_string());
      ready.add();
    };
    host = *hosts.open(std::move(request), std::move(events));
    ready.wait(1);
  }
  void leave() {
    const auto end = clock_type::now() + 60s;
    while (host->stats().instances > 0) {
      if (clock_type::now() > end)
        stop("the function did not leave the memory");
      hosts.tick(now += 1h);
      std::this_thread::yield();
    }
  }
  std::pair<double, double> ask() {
    auto sink = std::make_shared<one_answer>();
    invocation event;
    event.id = {1, 2};
    event.body = blob{std::string(1024, 'x')};
    event.deadline = clock_type::now() + 60s;
    const auto begin = clock_type::now();
    host->submit(std::move(event), completion{sink, 1});
    sink->came.wait(1);
    if (sink->last.code != errc::ok)
      stop(sink->last.message);
    return {to_ms(clock_type::now() - begin), to_ms(sink->last.times.cold)};
  }
  void round(bool noted) {
    leave();
    ready.pause(100ms); // the end of the last one, and a new fork, are over
    const auto [took, part] = ask();
    const auto again = ask().first;
    if (!noted)
      return;
    first.push_back(took);
    cold.push_back(part);
    next.push_back(again);
  }
  void print(const char* name) const {
    std::printf("| %s | %.2f | %.2f | %.2f | %.3f |\n", name,
                quantile(first, 0.5), quantile(first, 0.9),
                quantile(cold, 0.5), quantile(next, 0.5));
  }
};

/// KiB of a process by the kernel's sums.
struct memory {
  double pss = 0, rss = 0, own = 0;
  void add(const std::string& pid) {
    std::ifstream file{"/proc/" + pid + "/smaps_rollup"};
    std::string line;
    while (std::getline(file, line)) {
      std::istringstream words{line};
      std::string key;
      double value = 0;
      words >> key >> value;
      pss += key == "Pss:" ? value : 0;
      rss += key == "Rss:" ? value : 0;
      own += key.starts_with("Private_") && key != "Private_Hugetlb:" ? value
                                                                     : 0;
    }
  }
};

std::string parent_of(const std::string& pid) {
  std::ifstream file{"/proc/" + pid + "/status"};
  for (std::string key, value; file >> key >> value;)
    if (key == "PPid:")
      return value;
  return {};
}

void density(const fs::path& folder, const char* name, uint32_t waiting,
             int count) {
  process::process_runtime here{runtime(folder, waiting)};
  const auto what = spec();
  auto module
    = here.load({{what.name, 1}, what, folder, nullptr, module_events{}});
  if (!module)
    stop(module.error().to_string());
  signal none;
  none.pause(waiting > 0 ? 3s : 0s); // until the zygote is there
  std::vector<std::unique_ptr<function_instance>> all;
  std::vector<double> starts;
  for (int i = 0; i < count; ++i) {
    const auto begin = clock_type::now();
    auto made = (*module)->create_instance();
    if (!made)
      stop(made.error().to_string());
    if ((*made)->from_pool() != (waiting > 0))
      stop("an instance is not of the kind that is measured");
    starts.push_back(to_ms(clock_type::now() - begin));
    all.push_back(std::move(*made));
  }
  memory programs, firsts;
  std::istringstream pids{(*module)->facts().at("pid")};
  for (std::string pid; pids >> pid;) {
    programs.add(pid);
    firsts.add(parent_of(pid));
  }
  const auto mib = [](double kib) { return kib / 1024; };
  std::printf("| %s | %d | %.2f | %.1f | %.1f | %.1f | %.1f | %.2f |\n", name,
              count, quantile(starts, 0.5), mib(programs.pss),
              mib(programs.rss), mib(programs.own), mib(firsts.pss),
              mib(programs.pss + firsts.pss) / count);
  std::fflush(stdout);
}

} // namespace

int main(int count, char** words) {
  const int rounds = count > 1 ? std::max(1, std::atoi(words[1])) : 30;
  const int many = count > 2 ? std::max(1, std::atoi(words[2])) : 100;
  if (const auto means = sandbox::probe(); !means.enough())
    stop("no sandbox here: " + means.missing());
  std::string name = (fs::temp_directory_path() / "bench-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  fs::permissions(folder, fs::perms{0755});
  std::ofstream{folder / "handler.py"} << handler;
  fs::copy(fs::path{PETREL_CHECKOUT} / "python/src",
           folder / "python_packages", fs::copy_options::recursive);
  {
    node own{folder, 0}, forked{folder, forks_that_wait};
    for (int i = -3; i < rounds; ++i) {
      own.round(i >= 0);
      forked.round(i >= 0);
    }
    std::printf("| first answer after leaving the memory, %d rounds | p50 ms | "
                "p90 ms | cold part p50 ms | next answer p50 ms |\n"
                "| --- | ---: | ---: | ---: | ---: |\n",
                rounds);
    own.print("own interpreter, in a sandbox");
    forked.print("fork of the zygote, in a sandbox");
    const auto starts = forked.host->facts().at("starts");
    std::printf("\nstarts with the zygote: %s\n\n", starts.c_str());
  }
  std::printf("| instances that wait | number | start p50 ms | PSS MiB | RSS MiB "
              "| private MiB | PSS of first processes MiB | PSS each MiB |\n"
              "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
  density(folder, "own interpreter", 0, many);
  density(folder, "fork of the zygote", forks_that_wait, many);
  fs::remove_all(folder);
}
