#include "functions/sandbox/cgroup.hpp"

#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

namespace faas::sandbox {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view prefix = "petrel-";
constexpr uint64_t period_us = 100'000;

error trouble(const fs::path& path, int number) {
  return {errc::unavailable,
          "cannot use the control group " + path.string() + ": "
            + std::strerror(number),
          "give the node's service its own group (systemd: Delegate=yes)"};
}

result<void> put(const fs::path& file, const std::string& text) {
  const int opened = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
  if (opened < 0)
    return trouble(file, errno);
  const auto done = ::write(opened, text.data(), text.size());
  const int number = errno;
  ::close(opened);
  if (done != static_cast<ssize_t>(text.size()))
    return trouble(file, number);
  return {};
}

} // namespace

std::vector<std::pair<fs::path, std::string>>
cgroup_settings(const cgroup_base& base, const plan& limits,
                const std::string& name) {
  std::vector<std::pair<fs::path, std::string>> all;
  const auto add = [&](const fs::path& folder, const char* v1, const char* v2,
                       std::string text) {
    all.emplace_back(folder / name / (base.unified ? v2 : v1),
                     std::move(text));
  };
  if (limits.memory_bytes > 0 && !base.memory.empty())
    add(base.memory, "memory.limit_in_bytes", "memory.max",
        std::to_string(limits.memory_bytes));
  if (!base.processes.empty()) // and petrel-init, twice while it starts
    add(base.processes, "pids.max", "pids.max",
        std::to_string(limits.processes + 2));
  if (limits.cpus > 0 && !base.cpu.empty()) {
    const auto quota
      = std::to_string(std::llround(std::max(limits.cpus, 0.01) * period_us));
    add(base.cpu, "cpu.cfs_quota_us", "cpu.max",
        base.unified ? quota + " " + std::to_string(period_us) : quota);
  }
  return all;
}

result<cgroup> cgroup::make(const cgroup_base& base, const plan& limits,
                            const std::string& name) {
  cgroup made;
  for (const auto& [file, text] : cgroup_settings(base, limits, name)) {
    const auto folder = file.parent_path();
    if (::mkdir(folder.c_str(), 0755) == 0)
      made.folders_.push_back(folder);
    else if (made.folders_.empty() || made.folders_.back() != folder)
      return trouble(folder, errno);
    if (auto done = put(file, text); !done)
      return done.error();
    if (file.filename().native().starts_with("memory."))
      made.memory_ = folder;
  }
  if (base.unified && made.bounds_memory()) {
    // Where there is swap, it would only make the bound slower to bite.
    (void)put(made.memory_ / "memory.swap.max", "0");
  }
  return made;
}

cgroup& cgroup::operator=(cgroup&& other) noexcept {
  std::swap(folders_, other.folders_);
  std::swap(memory_, other.memory_);
  return *this;
}

cgroup::~cgroup() {
  // Its last processes are reaped; the kernel may need a moment more. What is
  // left after 50 of them is swept at the next start.
  constexpr int tries = 50;
  for (const auto& folder : folders_)
    for (int i = 0; ::rmdir(folder.c_str()) != 0 && errno == EBUSY && i < tries;
         ++i)
      ::poll(nullptr, 0, 1); // polls, bounded
}

result<void> cgroup::add(pid_t pid) const {
  for (const auto& folder : folders_)
    if (auto done = put(folder / "cgroup.procs", std::to_string(pid)); !done)
      return done;
  return {};
}

bool cgroup::out_of_memory() const {
  if (memory_.empty())
    return false;
  for (const char* name : {"memory.events", "memory.oom_control"}) {
    std::ifstream file{memory_ / name};
    std::string key;
    uint64_t value = 0;
    while (file >> key >> value)
      if (key == "oom_kill" && value > 0)
        return true;
  }
  return false;
}

std::string cgroup_name(pid_t node, pid_t worker) {
  return std::string{prefix} + std::to_string(node) + "-"
         + std::to_string(worker);
}

void sweep_cgroups(const cgroup_base& base) {
  for (const auto& parent : {base.memory, base.processes, base.cpu}) {
    std::error_code failed;
    if (parent.empty())
      continue;
    for (const auto& one : fs::directory_iterator{parent, failed}) {
      const auto name = one.path().filename().native();
      if (!name.starts_with(prefix))
        continue;
      const auto node = std::atoi(name.c_str() + prefix.size());
      if (node > 0 && ::kill(node, 0) != 0 && errno == ESRCH)
        ::rmdir(one.path().c_str());
    }
  }
}

} // namespace faas::sandbox
