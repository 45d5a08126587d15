#include "tools/faas-node/memory.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

namespace faas::node {
namespace {

namespace fs = std::filesystem;

constexpr auto no_bound = std::numeric_limits<uint64_t>::max();

/// MemTotal; what the kernel keeps for itself is not in it.
uint64_t of_machine(const fs::path& meminfo) {
  std::ifstream in{meminfo};
  for (std::string key; in >> key;) {
    uint64_t kib = 0;
    if (key == "MemTotal:" && in >> kib)
      return kib * 1024;
    in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
  }
  return 0;
}

/// "max" (version 2) and a file that is not there are no bound.
uint64_t bound_in(const fs::path& file) {
  std::ifstream in{file};
  uint64_t bytes = 0;
  return in >> bytes ? bytes : no_bound;
}

/// The least bound of a group and those above it. In a container the mount may
/// begin at the group itself: then its path is not there, but the files are at
/// the top.
uint64_t least_bound(const fs::path& mount, const std::string& group,
                     const char* file) {
  auto least = bound_in(mount / file);
  auto folder = mount;
  for (const auto& part : fs::path{group}.lexically_normal().relative_path()) {
    folder /= part;
    least = std::min(least, bound_in(folder / file));
  }
  return least;
}

/// Lines are NUMBER:CONTROLLERS:GROUP; those of version 2 have no controllers.
uint64_t of_groups(const fs::path& root) {
  const auto mounts = root / "sys/fs/cgroup";
  auto least = no_bound;
  std::ifstream in{root / "proc/self/cgroup"};
  for (std::string line; std::getline(in, line);) {
    const auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos)
      continue;
    const auto names = "," + line.substr(first + 1, second - first - 1) + ",";
    const auto group = line.substr(second + 1);
    if (names == ",,")
      least = std::min(least, least_bound(mounts, group, "memory.max"));
    else if (names.find(",memory,") != names.npos)
      least = std::min(least, least_bound(mounts / "memory", group,
                                          "memory.limit_in_bytes"));
  }
  return least;
}

} // namespace

uint64_t memory_here(const fs::path& root) {
  const auto machine = of_machine(root / "proc/meminfo");
  const auto bound = of_groups(root);
  if (machine == 0)
    return bound == no_bound ? 0 : bound;
  return std::min(machine, bound);
}

} // namespace faas::node
