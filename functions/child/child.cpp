#include "functions/child/child.hpp"

#include "functions/child/spawn.hpp"
#include "functions/sandbox/cgroup.hpp"
#include "functions/sandbox/image.hpp"
#include "functions/sandbox/plan.hpp"
#include "functions/sandbox/reports.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <sys/socket.h>
#include <sys/wait.h>
extern "C" { // which this header forgets in glibc 2.36
#include <sys/pidfd.h>
}

namespace faas::child {
namespace {

using sandbox::descriptor;
using sandbox::next_report;
using sandbox::wait_readable;
using sandbox::wire::report_kind;
using std::chrono::seconds;

/// For the set-up of a worker on a machine in trouble, and for its end.
constexpr auto patience = seconds{10};

exit_status from_wait(int status) {
  exit_status ended;
  if (WIFSIGNALED(status))
    ended.signal = WTERMSIG(status);
  else
    ended.code = WEXITSTATUS(status);
  return ended;
}

time_point soon() {
  return time_point::clock::now() + patience;
}

} // namespace

std::string exit_status::text() const {
  if (signal == 0)
    return "exited with status " + std::to_string(code);
  const char* name = ::sigabbrev_np(signal);
  const char* words = ::sigdescr_np(signal);
  return "killed by SIG" + std::string{name ? name : std::to_string(signal)}
         + (out_of_memory ? " (over its memory limit)"
            : words       ? std::string{" ("} + words + ")"
                          : "");
}

/// The process that stays is petrel-init: a child of ours until it is reaped.
class child_process::state {
public:
  state(sandbox::started_init started, sandbox::cgroup group, bool sandboxed,
        bool forked)
    : sandboxed_(sandboxed), forked_(forked), group_(std::move(group)),
      control_(std::move(started.control)),
      pidfd_(::pidfd_open(started.pid, 0)) {}
  ~state() {
    if (program_ == 0) // given up early: who is there to be ended?
      while (auto got = next_report(control_, {}))
        if (got->body.what == report_kind::entered)
          follow(got->body.value);
    kill();
    if (!status_ && wait_readable(pidfd_.get(), soon()))
      reap();
    end_first();
  }

  result<void> send(const sandbox::order& what, const std::vector<int>& fds) {
    return sandbox::send_order(control_, what, fds);
  }
  /// Follows the set-up until the program runs.
  result<void> settle(const spawn_request& request) {
    const auto deadline = soon();
    while (auto got = next_report(control_, deadline))
      switch (got->body.what) {
      case report_kind::failed:
        return explain(request, got->body);
      case report_kind::entered:
        follow(got->body.value);
        break;
      case report_kind::program:
        program_ = got->sender;
        break;
      case report_kind::running:
        end_first();
        return {};
      case report_kind::ended:
        ended_ = got->body.value;
        break;
      case report_kind::waiting:
        break;
      }
    return error{errc::unavailable,
                 "petrel-init ended or hung while it prepared \""
                   + request.argv.front() + "\"",
                 "look for the out-of-memory killer in the kernel's log"};
  }

  pid_t program() const noexcept { return program_; }
  int pidfd() const noexcept { return pidfd_.get(); }
  bool forked() const noexcept { return forked_; }

  std::optional<exit_status> poll() {
    if (!status_ && wait_readable(pidfd_.get(), {}))
      reap();
    return status_;
  }
  std::optional<exit_status> wait_until(time_point deadline) {
    if (!status_ && wait_readable(pidfd_.get(), deadline))
      reap();
    return status_;
  }
  void terminate() const noexcept {
    ::send(control_.get(), &sandbox::wire::terminate, 1,
           MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  void kill() const noexcept {
    if (sandboxed_) // takes its pid namespace with it
      ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
    else
      ::shutdown(control_.get(), SHUT_WR);
  }

private:
  /// From here on `pid` is petrel-init, in its namespaces; the one before ends.
  void follow(pid_t pid) {
    first_ = std::exchange(pidfd_, descriptor{::pidfd_open(pid, 0)});
  }
  void end_first() {
    if (!first_)
      return;
    if (!wait_readable(first_.get(), soon()))
      ::pidfd_send_signal(first_.get(), SIGKILL, nullptr, 0);
    ::waitid(P_PIDFD, static_cast<id_t>(first_.get()), nullptr, WEXITED);
    first_.reset();
  }

  void reap() {
    while (auto got = next_report(control_, {}))
      if (got->body.what == report_kind::ended)
        ended_ = got->body.value;
    siginfo_t info{};
    if (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED)
        != 0)
      info.si_code = CLD_KILLED, info.si_status = SIGKILL;
    if (ended_)
      status_ = from_wait(*ended_);
    else if (info.si_code == CLD_EXITED)
      status_ = exit_status{.code = info.si_status};
    else
      status_ = exit_status{.signal = info.si_status};
    status_->out_of_memory
      = status_->signal == SIGKILL && group_.out_of_memory();
  }

  const bool sandboxed_;
  const bool forked_;
  sandbox::cgroup group_;
  descriptor control_;
  descriptor pidfd_; ///< of what stays
  descriptor first_; ///< of what prepared it, until that is reaped
  pid_t program_ = 0;
  std::optional<int> ended_; ///< wait status of the program, as reported
  std::optional<exit_status> status_;
};

result<child_process> child_process::spawn(const spawn_request& request) {
  const auto base
    = request.sandbox ? sandbox::find_cgroup_base() : sandbox::cgroup_base{};
  const auto order = order_of(request, !base.memory.empty());
  if (!order)
    return order.error();
  // A bound of addresses would count what a zygote has loaded.
  if (request.forks && request.sandbox && order->head.address_space == 0)
    if (auto fork = request.forks())
      if (auto made = spawn_as(request, *order, base, std::move(*fork), true);
          made || made.error().code != errc::unavailable)
        return made;
  auto started = sandbox::start_init();
  if (!started)
    return started.error();
  return spawn_as(request, *order, base, std::move(*started), false);
}

result<child_process>
child_process::spawn_as(const spawn_request& request,
                        const sandbox::order& order,
                        const sandbox::cgroup_base& base,
                        sandbox::started_init started, bool forked) {
  std::vector<int> fds;
  for (const auto& fd : request.fds)
    fds.push_back(fd.from);
  const auto first = started.pid;
  result<sandbox::cgroup> group = sandbox::cgroup{};
  if (request.sandbox)
    group = sandbox::cgroup::make(base, *request.sandbox,
                                  sandbox::cgroup_name(::getpid(), first));
  result<void> ready;
  if (group)
    ready = group->add(first);
  else
    ready = group.error();
  auto self = std::make_unique<state>(
    std::move(started), group ? std::move(*group) : sandbox::cgroup{},
    request.sandbox.has_value(), forked);
  if (ready)
    ready = self->send(order, fds);
  if (ready)
    ready = self->settle(request);
  if (!ready)
    return ready.error();
  return child_process{std::move(self)};
}

child_process::child_process() noexcept = default;
child_process::child_process(std::unique_ptr<state> self) noexcept
  : self_(std::move(self)) {}
child_process::child_process(child_process&&) noexcept = default;
child_process& child_process::operator=(child_process&&) noexcept = default;
child_process::~child_process() = default;

pid_t child_process::pid() const noexcept {
  return self_ ? self_->program() : 0;
}
bool child_process::forked() const noexcept {
  return self_ && self_->forked();
}
int child_process::pidfd() const noexcept {
  return self_ ? self_->pidfd() : -1;
}
std::optional<exit_status> child_process::poll() {
  return self_ ? self_->poll() : std::nullopt;
}
std::optional<exit_status> child_process::wait_until(time_point deadline) {
  return self_ ? self_->wait_until(deadline) : std::nullopt;
}
void child_process::terminate() noexcept {
  if (self_)
    self_->terminate();
}
void child_process::kill() noexcept {
  if (self_)
    self_->kill();
}

} // namespace faas::child
