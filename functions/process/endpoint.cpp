#include "functions/process/endpoint.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

namespace faas::process {
namespace {

error failed(const std::string& what, int number) {
  return {errc::unavailable, what + ": " + std::strerror(number), ""};
}

unique_fd open_namespace(pid_t program, const char* kind) {
  const auto path = "/proc/" + std::to_string(program) + "/ns/" + kind;
  return unique_fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
}

bool same_file(int fd, const char* path) noexcept {
  struct stat a{}, b{};
  return ::fstat(fd, &a) == 0 && ::stat(path, &b) == 0 && a.st_dev == b.st_dev
         && a.st_ino == b.st_ino;
}

constexpr int socket_type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;

/// Handed to a process that shares this one's memory and descriptors.
struct socket_job {
  int net, user;
  int made = -1;
  int failure = 0;
};

/// Runs between clone and exit with the memory of a process of many threads:
/// system calls only.
int make_socket(void* argument) noexcept {
  auto& job = *static_cast<socket_job*>(argument);
  // Rights over the program's user are enough where this node has them; else
  // they come with that user, which only a process of one thread can become.
  if (::setns(job.net, CLONE_NEWNET) != 0
      && (job.user < 0 || ::setns(job.user, CLONE_NEWUSER) != 0
          || ::setns(job.net, CLONE_NEWNET) != 0)) {
    job.failure = errno;
    return 1;
  }
  job.made = ::socket(AF_INET, socket_type, 0);
  job.failure = job.made < 0 ? errno : 0;
  return 0;
}

/// No handler of this process may run in the other one.
class no_signals {
public:
  no_signals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~no_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  no_signals(const no_signals&) = delete;
  no_signals& operator=(const no_signals&) = delete;

private:
  sigset_t before_{};
};

result<unique_fd> socket_elsewhere(int net, int user) {
  alignas(16) std::array<char, 64 * 1024> stack;
  socket_job job{net, user};
  const no_signals guard;
  // No exit signal, so that nobody who waits for children meets this one.
  const auto helper
    = ::clone(&make_socket, stack.data() + stack.size(),
              CLONE_VM | CLONE_VFORK | CLONE_FILES, &job);
  if (helper < 0)
    return failed("cannot make a process", errno);
  int status = 0;
  while (::waitpid(helper, &status, __WCLONE) < 0 && errno == EINTR) {
  }
  if (job.made < 0)
    return failed("cannot enter the program's network", job.failure);
  return unique_fd{job.made};
}

sockaddr_in loopback(uint16_t port) noexcept {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return to;
}

} // namespace

result<network> network::of(pid_t program) {
  network found;
  found.net_ = open_namespace(program, "net");
  if (!found.net_)
    return failed("cannot see the program's network", errno);
  found.shared_ = same_file(found.net_.get(), "/proc/self/ns/net");
  found.user_ = open_namespace(program, "user");
  if (found.user_ && same_file(found.user_.get(), "/proc/self/ns/user"))
    found.user_.reset();
  return found;
}

result<unique_fd> network::tcp_socket() const {
  if (!shared_)
    return socket_elsewhere(net_.get(), user_.get());
  unique_fd made{::socket(AF_INET, socket_type, 0)};
  if (!made)
    return failed("cannot make a socket", errno);
  return made;
}

result<unique_fd> endpoint::connect(time_point until,
                                    const io_waiter& wait) const {
  return port_ == 0 ? connect_unix() : connect_tcp(until, wait);
}

result<unique_fd> endpoint::connect_unix() const {
  const unique_fd there{
    ::open(socket_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  if (!there)
    return failed("the program made no socket " + socket_.string(), errno);
  struct stat info{};
  if (::fstat(there.get(), &info) != 0 || !S_ISSOCK(info.st_mode))
    return {errc::unavailable, socket_.string() + " is no socket", ""};
  // By the file that was looked at, and however long its path is.
  const auto path = "/proc/self/fd/" + std::to_string(there.get());
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  unique_fd made{::socket(AF_UNIX, socket_type, 0)};
  if (!made)
    return failed("cannot make a socket", errno);
  if (::connect(made.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to)
      != 0)
    return failed("the program does not take connections on its socket",
                  errno);
  return made;
}

result<unique_fd> endpoint::connect_tcp(time_point until,
                                        const io_waiter& wait) const {
  auto made = network_.tcp_socket();
  if (!made)
    return made.error();
  const int fd = made->get();
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto to = loopback(port_);
  const auto what = "the program does not take connections on port "
                    + std::to_string(port_);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0)
    return made;
  if (errno != EINPROGRESS)
    return failed(what, errno);
  switch (wait(fd, POLLOUT, until)) {
  case wait_end::timeout:
    return {errc::deadline_exceeded, what + " in time", ""};
  case wait_end::stopped:
    return {errc::cancelled, "nobody waits for the answer any more", ""};
  case wait_end::ready:
    break;
  }
  int number = 0;
  socklen_t size = sizeof number;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size);
  if (number != 0)
    return failed(what, number);
  return made;
}

result<unique_fd> listen_on_loopback(unique_fd with, uint16_t port) {
  if (!with)
    with.reset(::socket(AF_INET, socket_type, 0));
  const auto at = loopback(port);
  if (!with
      || ::bind(with.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at)
           != 0
      || ::listen(with.get(), SOMAXCONN) != 0)
    return failed("cannot listen on port " + std::to_string(port)
                    + " of the loopback",
                  errno);
  return with;
}

uint16_t port_of(int fd) noexcept {
  sockaddr_in at{};
  socklen_t size = sizeof at;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return 0;
  return ntohs(at.sin_port);
}

result<uint16_t> free_port() {
  auto probe = listen_on_loopback({}, 0);
  if (!probe)
    return probe.error();
  return port_of(probe->get());
}

} // namespace faas::process
