#include "functions/sandbox/cgroup.hpp"

#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <unistd.h>

namespace faas::sandbox {
namespace {

namespace fs = std::filesystem;

/// Below which the service manager may have put the node itself, so that its
/// group can have others in it (version 2 allows processes in leaves only).
constexpr std::string_view subgroup = "node";

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, by);)
    parts.push_back(part);
  return parts;
}

/// Controller ("" for version 2) -> the group of this process.
std::map<std::string, std::string> groups_of(std::string_view cgroup) {
  std::map<std::string, std::string> groups;
  for (const auto& line : split(std::string{cgroup}, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (second == line.npos)
      continue;
    const auto names = line.substr(first + 1, second - first - 1);
    if (names.empty())
      groups[""] = line.substr(second + 1);
    for (const auto& name : split(names, ','))
      groups[name] = line.substr(second + 1);
  }
  return groups;
}

struct mount_line {
  std::string root, where;
};

/// Controller ("" for version 2) -> its mount.
std::map<std::string, mount_line> mounts_of(std::string_view mountinfo) {
  std::map<std::string, mount_line> mounts;
  for (const auto& line : split(std::string{mountinfo}, '\n')) {
    const auto dash = line.find(" - cgroup");
    if (dash == line.npos)
      continue;
    const auto head = split(line.substr(0, dash), ' ');
    const auto tail = split(line.substr(dash + 3), ' ');
    if (head.size() < 5 || tail.size() < 3)
      continue;
    const mount_line mount{head[3], head[4]};
    if (tail[0] == "cgroup2")
      mounts[""] = mount;
    else
      for (const auto& option : split(tail[2], ','))
        mounts[option] = mount;
  }
  return mounts;
}

fs::path folder_of(const mount_line& mount, const std::string& group) {
  if (mount.root == "/")
    return fs::path{mount.where + group}.lexically_normal();
  if (!group.starts_with(mount.root))
    return {};
  return fs::path{mount.where + group.substr(mount.root.size())}
    .lexically_normal();
}

bool writable(const fs::path& folder) {
  return ::access((folder / "cgroup.procs").c_str(), W_OK) == 0
         && ::access(folder.c_str(), W_OK | X_OK) == 0;
}

bool lists(const fs::path& file, std::string_view word) {
  std::ifstream in{file};
  for (std::string one; in >> one;)
    if (one == word)
      return true;
  return false;
}

void switch_on(const fs::path& folder, const char* controller) {
  std::ofstream{folder / "cgroup.subtree_control"} << "+" << controller;
}

fs::path tidy(fs::path folder) {
  return folder.has_filename() ? folder : folder.parent_path();
}

void use_unified(const fs::path& own, cgroup_base& base) {
  auto folder = own.filename() == subgroup ? own.parent_path() : own;
  if (!writable(folder)) {
    base.reason = "the control group " + folder.string()
                  + " may not be written by this user";
    return;
  }
  base.unified = true;
  const auto use = [&](const char* controller, fs::path& out) {
    if (!lists(folder / "cgroup.subtree_control", controller))
      switch_on(folder, controller);
    if (lists(folder / "cgroup.subtree_control", controller))
      out = folder;
    else
      base.reason = std::string{"the controller "} + controller
                    + " is not delegated to " + folder.string();
  };
  use("memory", base.memory);
  use("pids", base.processes);
  use("cpu", base.cpu);
}

} // namespace

cgroup_base find_cgroup_base(std::string_view cgroup,
                             std::string_view mountinfo) {
  const auto groups = groups_of(cgroup);
  const auto mounts = mounts_of(mountinfo);
  cgroup_base base;
  base.reason = "no control groups are mounted";
  const auto use = [&](const char* controller, fs::path& out) {
    const auto group = groups.find(controller);
    const auto mount = mounts.find(controller);
    if (group == groups.end() || mount == mounts.end())
      return;
    const auto folder = tidy(folder_of(mount->second, group->second));
    if (writable(folder))
      out = folder;
    else
      base.reason = "the control group " + folder.string()
                    + " may not be written by this user";
  };
  use("memory", base.memory);
  use("pids", base.processes);
  use("cpu", base.cpu);
  const bool none
    = base.memory.empty() && base.processes.empty() && base.cpu.empty();
  if (none && groups.contains("") && mounts.contains(""))
    use_unified(tidy(folder_of(mounts.at(""), groups.at(""))), base);
  return base;
}

cgroup_base find_cgroup_base() {
  const auto text_of = [](const char* path) {
    std::ifstream file{path};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  return find_cgroup_base(text_of("/proc/self/cgroup"),
                          text_of("/proc/self/mountinfo"));
}

} // namespace faas::sandbox
