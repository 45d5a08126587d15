// How fast the catalog's engines commit; also fills a catalog for
// measurements of a whole node.
//
//   bench_registry commits FOLDER [REDIS-SOCKET]
//   bench_registry fill FILE COUNT DIGEST ARTIFACT
#include "libfaas/ports/catalog_draft.hpp"
#include "registry/redis/redis_catalog.hpp"
#include "registry/sqlite/sqlite_catalog.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace {

using namespace faas;
using stopwatch = std::chrono::steady_clock;
constexpr int rounds = 5;
constexpr int commits = 512;
constexpr size_t group = 32;

template <class T>
T need(result<T> value) {
  if (value)
    return std::move(*value);
  std::fprintf(stderr, "%s\n", value.error().to_string().c_str());
  std::exit(1);
}
void need(const result<void>& done) {
  if (done)
    return;
  std::fprintf(stderr, "%s\n", done.error().to_string().c_str());
  std::exit(1);
}

deploy_command deploy_of(uint64_t number, const digest& bundle,
                         const std::string& artifact) {
  deploy_command command;
  command.id = request_id{"bench-" + std::to_string(number)};
  command.spec.name = function_name{"f" + std::to_string(number)};
  command.spec.petrel.artifact = artifact;
  command.spec.petrel.mode = trust_mode::inline_;
  command.bundle = bundle;
  command.by = "bench";
  return command;
}

/// Deploys `count` functions in groups; gives changes per second.
double deploy(catalog_store& store, catalog_state& state, uint64_t& number,
              int count, size_t together, const digest& bundle = {},
              const std::string& artifact = "hello.so") {
  const auto begin = stopwatch::now();
  for (int left = count; left > 0;) {
    catalog_draft draft{state};
    while (draft.changes().size() < together && left-- > 0) {
      const auto command = deploy_of(++number, bundle, artifact);
      draft.add(need(plan(draft.state_for(command.spec.name), command,
                          std::chrono::system_clock::now())));
    }
    need(store.commit(draft.changes()));
    for (const auto& change : draft.changes())
      apply(state, change);
  }
  return count
         / std::chrono::duration<double>(stopwatch::now() - begin).count();
}

/// What the disk allows: appends of a commit's size, each followed by a sync.
double bare_syncs(const std::string& folder) {
  const auto file = folder + "/syncs";
  const int fd = ::open(file.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  const std::string page(4096, 'x');
  const auto begin = stopwatch::now();
  for (int i = 0; i < commits; ++i)
    if (fd < 0 || ::write(fd, page.data(), page.size()) < 0
        || ::fdatasync(fd) != 0) {
      std::perror(file.c_str());
      std::exit(1);
    }
  const auto took
    = std::chrono::duration<double>(stopwatch::now() - begin).count();
  ::close(fd);
  ::unlink(file.c_str());
  return commits / took;
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

std::unique_ptr<catalog_store> open_redis(const std::string& socket,
                                          const clock_source& clock,
                                          random_source& random) {
  registry::redis_catalog_options options;
  options.client.server.socket = socket;
  return need(registry::redis_catalog::open(options, clock, random));
}

int measure_commits(const std::string& folder, const char* socket) {
  random_source random{1};
  const system_clock_source clock;
  struct engine {
    const char* name;
    std::unique_ptr<catalog_store> store;
    catalog_state state = {};
    uint64_t number = 0;
    std::vector<double> single = {}, grouped = {};
  };
  std::vector<engine> engines;
  engines.push_back(
    {"sqlite", need(registry::sqlite_catalog::open(
                 {folder + "/commits.db"}, random))});
  if (socket != nullptr)
    engines.push_back({"redis", open_redis(socket, clock, random)});
  for (auto& one : engines)
    one.state = need(one.store->load());
  std::vector<double> syncs;
  for (int round = 0; round < rounds; ++round) {
    syncs.push_back(bare_syncs(folder));
    for (auto& one : engines) {
      one.single.push_back(
        deploy(*one.store, one.state, one.number, commits, 1));
      one.grouped.push_back(
        deploy(*one.store, one.state, one.number, commits, group));
    }
  }
  std::printf("append of 4 KiB + fdatasync: %.0f/s\n", median(syncs));
  for (const auto& one : engines)
    std::printf("%s: %.0f commits/s one by one, %.0f changes/s in groups of "
                "%zu\n",
                one.name, median(one.single), median(one.grouped), group);
  return 0;
}

int fill(const std::string& file, int count, const std::string& bundle,
         const std::string& artifact) {
  random_source random{1};
  auto store = need(registry::sqlite_catalog::open({file}, random));
  auto state = need(store->load());
  uint64_t number = 0;
  deploy(*store, state, number, count, most_per_commit,
         need(digest::parse(bundle)), artifact);
  return 0;
}

} // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "commits" && (argc == 3 || argc == 4))
    return measure_commits(argv[2], argc == 4 ? argv[3] : nullptr);
  if (what == "fill" && argc == 6)
    return fill(argv[2], std::atoi(argv[3]), argv[4], argv[5]);
  std::fprintf(stderr, "bench_registry commits FOLDER [REDIS-SOCKET]\n"
                       "bench_registry fill FILE COUNT DIGEST ARTIFACT\n");
  return 2;
}
