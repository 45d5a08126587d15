#include "functions/sandbox/plan.hpp"

#include "functions/sandbox/filter.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

namespace faas::sandbox {
namespace {

namespace fs = std::filesystem;

/// Above what systemd hands out to users, services and containers, below 2^31;
/// see systemd's docs/UIDS-GIDS.md.
constexpr uint32_t outer_uids = 0x70000000;
constexpr uint32_t most_pids = 1 << 22;
constexpr uint64_t usual_file_bytes = 1ull << 30;

constexpr const char* system_paths[]
  = {"/usr",   "/bin",   "/sbin",  "/lib",
     "/lib32", "/lib64", "/libx32"};
/// What programs read to find libraries, names, zones and certificates.
constexpr const char* settings[] = {
  "/etc/ld.so.cache",   "/etc/ld.so.conf",      "/etc/ld.so.conf.d",
  "/etc/alternatives",  "/etc/localtime",       "/etc/timezone",
  "/etc/nsswitch.conf", "/etc/host.conf",       "/etc/gai.conf",
  "/etc/hosts",         "/etc/services",        "/etc/protocols",
  "/etc/mime.types",    "/etc/ssl/openssl.cnf", "/etc/ssl/certs",
  "/etc/fonts",
};
constexpr const char* network_settings[] = {"/etc/resolv.conf"};
constexpr const char* devices[] = {"/dev/null", "/dev/zero", "/dev/full",
                                   "/dev/random", "/dev/urandom"};

std::string entry(wire::mount_kind kind, const fs::path& path) {
  return static_cast<char>(kind) + path.native();
}

/// "/a/b/" and "/a/./b" are "/a/b".
fs::path tidy(const fs::path& path) {
  auto normal = path.lexically_normal();
  return normal.has_filename() ? normal : normal.parent_path();
}

result<void> check_path(const fs::path& path) {
  const auto wrong = [&](const char* what) {
    return error{errc::invalid_argument,
                 "\"" + path.string() + "\" in the plan of a sandbox " + what,
                 "name the file or folder by its absolute path"};
  };
  if (!path.is_absolute())
    return wrong("is not absolute");
  if (path.native().find('\0') != std::string::npos)
    return wrong("has a zero byte in it");
  const auto normal = tidy(path);
  for (const char* whole : {"/", "/proc", "/dev", "/tmp", "/dev/shm", "/etc"})
    if (normal == whole)
      return wrong("would replace what every sandbox has");
  if (normal.native().starts_with("/proc/")
      || normal.native().starts_with("/sys"))
    return wrong("is not for workers");
  return {};
}

/// Folders before what lies in them, so that none hides another.
std::vector<std::string> mounts_of(const plan& what) {
  std::vector<std::pair<fs::path, wire::mount_kind>> named;
  const auto name = [&](const fs::path& path, wire::mount_kind kind) {
    if (!path.empty())
      named.emplace_back(tidy(path), kind);
  };
  name(what.bundle, wire::mount_kind::read);
  name(what.secrets, wire::mount_kind::secrets);
  for (const auto& path : what.readable)
    name(path, wire::mount_kind::read);
  for (const auto& path : what.writable)
    name(path, wire::mount_kind::write);
  std::stable_sort(named.begin(), named.end(),
                   [](const auto& a, const auto& b) {
                     return a.first < b.first;
                   });
  std::vector<std::string> mounts;
  for (const char* path : system_paths)
    mounts.push_back(entry(wire::mount_kind::system, path));
  for (const char* path : settings)
    mounts.push_back(entry(wire::mount_kind::optional, path));
  if (what.network)
    for (const char* path : network_settings)
      mounts.push_back(entry(wire::mount_kind::optional, path));
  for (const char* path : devices)
    mounts.push_back(entry(wire::mount_kind::device, path));
  for (const auto& [path, kind] : named)
    mounts.push_back(entry(kind, path));
  return mounts;
}

} // namespace

result<void> check(const plan& what) {
  auto all = what.readable;
  all.insert(all.end(), what.writable.begin(), what.writable.end());
  for (const auto* one : {&what.bundle, &what.secrets})
    if (!one->empty())
      all.push_back(*one);
  for (const auto& path : all)
    if (auto good = check_path(path); !good)
      return good;
  if (!std::isfinite(what.cpus) || what.cpus < 0 || what.cpus > 4096)
    return {errc::invalid_argument, "a worker cannot have that many CPUs",
            "give a number from 0.01 on, or 0 for no limit"};
  if (what.processes == 0 || what.open_files < 8)
    return {errc::invalid_argument,
            "a worker needs at least 1 process and 8 open files",
            "raise the limit"};
  return {};
}

result<void> apply(const plan& what, uint64_t address_space, order& out) {
  if (auto good = check(what); !good)
    return good;
  // Always the same bytes: made once per process.
  static const auto made = make_filters();
  if (!made)
    return made.error();
  out.first_filter = made->calls;
  out.second_filter = made->arguments;
  auto& head = out.head;
  head.sandboxed = 1;
  head.network = what.network;
  head.tmp_bytes = what.tmp_bytes;
  head.address_space = address_space;
  head.file_bytes = std::max(what.tmp_bytes, what.memory_bytes > 0
                                               ? what.memory_bytes
                                               : usual_file_bytes);
  head.processes = what.processes;
  head.open_files = what.open_files;
  head.outer_uid = first_outer_uid();
  out.mounts = mounts_of(what);
  return {};
}

uint32_t first_outer_uid(uid_t user, std::string_view uid_map) {
  if (user != 0)
    return 0;
  std::istringstream lines{std::string{uid_map}};
  uint64_t inside = 0, outside = 0, count = 0;
  while (lines >> inside >> outside >> count)
    if (inside <= outer_uids && inside + count >= outer_uids + most_pids)
      return outer_uids;
  return 0;
}

uint32_t first_outer_uid() {
  std::ifstream file{"/proc/self/uid_map"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  return first_outer_uid(::geteuid(), text);
}

} // namespace faas::sandbox
