// What a start costs: /bin/true by hand, as a child, in a sandbox, and by
// bubblewrap where it is installed. Interleaved; medians.
//
//   bench_sandbox [ROUNDS]
#include "functions/child/child.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace faas;
using clock_type = std::chrono::steady_clock;

struct figures {
  std::string name;
  std::vector<double> running, ended; ///< ms from the call on
  bool failed = false;
};

double since(clock_type::time_point start) {
  return to_ms(clock_type::now() - start);
}

double median(std::vector<double> all) {
  if (all.empty())
    return 0;
  std::nth_element(all.begin(), all.begin() + all.size() / 2, all.end());
  return all[all.size() / 2];
}

void by_child(figures& to, bool sandboxed, double cpus, uint64_t memory) {
  child::spawn_request request;
  request.argv = {"/bin/true"};
  if (sandboxed) {
    auto& plan = request.sandbox.emplace();
    plan.cpus = cpus;
    plan.memory_bytes = memory;
  }
  const auto start = clock_type::now();
  auto made = child::child_process::spawn(request);
  if (!made) {
    if (to.ended.empty() && !to.failed)
      std::fprintf(stderr, "%s: %s\n", to.name.c_str(),
                   made.error().to_string().c_str());
    to.failed = true;
    return;
  }
  to.running.push_back(since(start));
  if (!made->wait_until(start + std::chrono::seconds{10}))
    std::exit(1);
  to.ended.push_back(since(start));
}

void by_hand(figures& to, const std::vector<std::string>& words) {
  std::vector<char*> argv;
  for (const auto& word : words)
    argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const auto start = clock_type::now();
  pid_t pid = 0;
  if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0)
    std::exit(1);
  if (words.size() == 1) // else it is not the program itself that runs
    to.running.push_back(since(start));
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status == 0)
    to.ended.push_back(since(start));
}

} // namespace

int main(int count, char** arguments) {
  const int rounds = count > 1 ? std::atoi(arguments[1]) : 200;
  figures all[] = {{"posix_spawn", {}, {}, false},
                   {"child_process", {}, {}, false},
                   {"sandboxed", {}, {}, false},
                   {"sandboxed, memory bounded", {}, {}, false},
                   {"sandboxed, memory and CPU bounded", {}, {}, false},
                   {"bubblewrap", {}, {}, false}};
  const bool wrap = ::access("/usr/bin/bwrap", X_OK) == 0;
  for (int round = 0; round < rounds; ++round) {
    by_hand(all[0], {"/bin/true"});
    by_child(all[1], false, 0, 0);
    by_child(all[2], true, 0, 0);
    by_child(all[3], true, 0, 64 << 20);
    by_child(all[4], true, 0.5, 64 << 20);
    if (wrap)
      by_hand(all[5], {"/usr/bin/bwrap", "--unshare-all", "--ro-bind", "/usr",
                       "/usr", "--symlink", "usr/lib", "/lib", "--symlink",
                       "usr/lib64", "/lib64", "--symlink", "usr/bin", "/bin",
                       "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
                       "--die-with-parent", "/bin/true"});
  }
  std::printf("| start of /bin/true, median of %d | runs after, ms | has ended "
              "after, ms |\n| --- | ---: | ---: |\n",
              rounds);
  for (const auto& one : all)
    std::printf("| %s | %.2f | %.2f |\n", one.name.c_str(), median(one.running),
                median(one.ended));
}
