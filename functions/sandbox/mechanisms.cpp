#include "functions/sandbox/cgroup.hpp"
#include "functions/sandbox/image.hpp"
#include "functions/sandbox/order.hpp"
#include "functions/sandbox/plan.hpp"
#include "functions/sandbox/reports.hpp"
#include "functions/sandbox/sandbox.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <sys/wait.h>
#include <utility>

namespace faas::sandbox {
namespace {

using member = mechanism mechanisms::*;
using std::chrono::seconds;

constexpr std::pair<const char*, member> all[] = {
  {"user namespace", &mechanisms::user_namespace},
  {"mount namespace", &mechanisms::mount_namespace},
  {"pid namespace", &mechanisms::pid_namespace},
  {"ipc namespace", &mechanisms::ipc_namespace},
  {"uts namespace", &mechanisms::uts_namespace},
  {"network namespace", &mechanisms::network_namespace},
  {"seccomp", &mechanisms::seccomp},
  {"own uid", &mechanisms::own_uid},
  {"memory", &mechanisms::memory},
  {"processes", &mechanisms::processes},
  {"cpu", &mechanisms::cpu},
};
/// Without these a bundle that nobody vouches for must not run.
constexpr member needed[]
  = {&mechanisms::user_namespace,    &mechanisms::mount_namespace,
     &mechanisms::pid_namespace,     &mechanisms::ipc_namespace,
     &mechanisms::uts_namespace,     &mechanisms::network_namespace,
     &mechanisms::seccomp,           &mechanisms::processes};
constexpr std::pair<const char*, member> probed[] = {
  {"user", &mechanisms::user_namespace},
  {"mount", &mechanisms::mount_namespace},
  {"pid", &mechanisms::pid_namespace},
  {"ipc", &mechanisms::ipc_namespace},
  {"uts", &mechanisms::uts_namespace},
  {"network", &mechanisms::network_namespace},
  {"seccomp", &mechanisms::seccomp},
};

time_point limit() {
  return time_point::clock::now() + seconds{10};
}

void reap(pid_t pid) {
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

/// Makes a whole sandbox and starts a program in it. "" or what failed.
std::string try_all() {
  order what;
  if (auto done = apply({}, 0, what); !done)
    return done.error().message;
  what.programs = {"/bin/true"};
  what.arguments = {"true"};
  what.folder = "/";
  auto started = start_init();
  if (!started)
    return started.error().message;
  std::string failed = "petrel-init ended unexpectedly";
  pid_t inner = 0;
  if (auto sent = send_order(started->control, what, {}); !sent)
    failed = sent.error().message;
  while (auto got = next_report(started->control, limit())) {
    if (got->body.what == wire::report_kind::entered)
      inner = got->body.value;
    else if (got->body.what == wire::report_kind::running)
      failed.clear();
    else if (got->body.what == wire::report_kind::failed)
      failed = std::string{"failed to "} + got->body.step + " "
               + got->body.detail + ": " + ::strerror(got->body.value);
    if (got->body.what == wire::report_kind::failed
        || got->body.what == wire::report_kind::running)
      break;
  }
  started->control.reset();
  reap(started->pid);
  if (inner > 0)
    reap(inner);
  return failed;
}

/// Name -> "yes" or the reason.
string_map try_each() {
  string_map found;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0)
    return found;
  const descriptor in{ends[0]};
  descriptor out{ends[1]};
  auto started = start_probe(out);
  out.reset();
  if (!started)
    return found;
  std::string text;
  char bytes[512];
  while (wait_readable(in.get(), limit())) {
    const auto got = ::read(in.get(), bytes, sizeof bytes);
    if (got <= 0)
      break;
    text.append(bytes, static_cast<size_t>(got));
  }
  reap(started->pid);
  std::istringstream lines{text};
  std::string name, answer;
  while (lines >> name && std::getline(lines >> std::ws, answer))
    found[name] = answer;
  return found;
}

void judge(mechanisms& found, const std::string& failed) {
  if (failed.empty()) {
    for (const auto& [name, which] : probed)
      found.*which = {true, name == std::string{"seccomp"} ? "two filters"
                                                           : "own"};
    return;
  }
  auto each = try_each();
  for (const auto& [name, which] : probed) {
    const auto& answer = each[name];
    found.*which = {answer == "yes", answer == "yes" ? "own"
                                     : answer.empty() ? "cannot be tried"
                                                      : answer};
  }
  // All parts may be there and yet not work together (say, a /proc that is
  // partly hidden): then it is the view of files that could not be made.
  if (found.mount_namespace.works)
    found.mount_namespace = {false, failed};
}

void judge_limits(mechanisms& found) {
  const auto base = find_cgroup_base();
  sweep_cgroups(base);
  const auto in = [&](const std::filesystem::path& folder) {
    return std::string{"cgroup v"} + (base.unified ? "2 " : "1 ")
           + folder.string();
  };
  found.memory = {true, base.memory.empty()
                          ? "address space of each process: " + base.reason
                          : in(base.memory)};
  found.processes = {true, base.processes.empty()
                             ? "RLIMIT_NPROC: " + base.reason
                             : in(base.processes)};
  found.cpu = {!base.cpu.empty(),
               base.cpu.empty() ? base.reason : in(base.cpu)};
}

} // namespace

mechanisms probe() {
  mechanisms found;
  judge(found, try_all());
  judge_limits(found);
  const auto first = first_outer_uid();
  found.own_uid
    = first > 0 ? mechanism{true, "from " + std::to_string(first) + " on"}
                : mechanism{false, "the node runs as user "
                                     + std::to_string(::geteuid())
                                     + " and cannot give others away"};
  return found;
}

string_map mechanisms::facts() const {
  string_map told;
  for (const auto& [name, which] : all) {
    const auto& one = this->*which;
    told[name] = (one.works ? "yes (" : "no (") + one.how + ")";
  }
  return told;
}

bool mechanisms::enough() const {
  for (const auto which : needed)
    if (!(this->*which).works)
      return false;
  return true;
}

std::string mechanisms::missing() const {
  std::string text;
  for (const auto& [name, which] : all)
    for (const auto one : needed)
      if (one == which && !(this->*which).works)
        text += (text.empty() ? "this machine has no " : ", no ")
                + std::string{name} + " (" + (this->*which).how + ")";
  return text;
}

} // namespace faas::sandbox
