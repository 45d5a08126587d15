#include "functions/host/process_memory.hpp"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <unistd.h>

namespace faas::host {
namespace {

constexpr size_t most_processes = 1024;

/// The kernel's line "Pss:   1234 kB"; zero when it does not tell.
uint64_t proportional(const std::string& folder) {
  std::ifstream in{folder + "/smaps_rollup"};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("Pss:"))
      return std::strtoull(line.c_str() + 4, nullptr, 10) * 1024;
  return 0;
}

uint64_t resident(const std::string& folder) {
  std::ifstream in{folder + "/statm"};
  uint64_t all = 0, pages = 0;
  in >> all >> pages;
  return in ? pages * static_cast<uint64_t>(::sysconf(_SC_PAGESIZE)) : 0;
}

/// What its main thread started; what other threads did is not looked for.
std::vector<pid_t> children(const std::string& folder, pid_t pid) {
  std::ifstream in{folder + "/task/" + std::to_string(pid) + "/children"};
  std::stringstream text;
  text << in.rdbuf();
  return pids_in(text.str());
}

} // namespace

std::vector<pid_t> pids_in(std::string_view text) {
  std::vector<pid_t> all;
  while (!text.empty() && all.size() < most_processes) {
    const auto end = std::min(text.find_first_of(" \n"), text.size());
    pid_t pid = 0;
    const auto read = std::from_chars(text.data(), text.data() + end, pid);
    if (read.ec == std::errc{} && read.ptr == text.data() + end && pid > 0)
      all.push_back(pid);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return all;
}

memory_use memory_of(const std::vector<pid_t>& pids, const char* proc) {
  memory_use sum;
  std::set<pid_t> seen;
  auto left = pids;
  while (!left.empty() && seen.size() < most_processes) {
    const auto pid = left.back();
    left.pop_back();
    if (!seen.insert(pid).second)
      continue;
    const auto folder = std::string{proc} + "/" + std::to_string(pid);
    auto bytes = proportional(folder);
    if (bytes == 0) {
      bytes = resident(folder);
      sum.proportional = sum.proportional && bytes == 0;
    }
    sum.bytes += bytes;
    sum.processes += bytes > 0 ? 1 : 0;
    for (const auto child : children(folder, pid))
      left.push_back(child);
  }
  return sum;
}

} // namespace faas::host
