#include "tools/faas-sim/router_process.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace faas::sim {
namespace {

using clock_type = std::chrono::steady_clock;

/// Time to end by itself after its input has.
constexpr auto farewell = std::chrono::milliseconds{300};

/// Whether `what` can be done within that time.
bool ready(int socket, short what, clock_type::time_point until) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
      until - clock_type::now());
    if (left.count() <= 0)
      return false;
    pollfd one{socket, what, 0};
    const auto got = poll(&one, 1, static_cast<int>(left.count()));
    if (got > 0)
      return true;
    if (got < 0 && errno != EINTR)
      return false;
  }
}

[[noreturn]] void become(const std::string& command, int in, int out,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent)
    _exit(127);
  setpgid(0, 0);
  dup2(in, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  execl("/bin/sh", "sh", "-c", command.c_str(), static_cast<char*>(nullptr));
  _exit(127);
}

} // namespace

result<void> router_process::start(const std::string& command,
                                   std::chrono::milliseconds patience) {
  patience_ = patience;
  int in[2], out[2];
  // A socket: writing to a program that has ended must not end this one.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) != 0)
    return error{errc::unavailable, "no socket for a router", ""};
  if (pipe2(out, O_CLOEXEC) != 0) {
    close(in[0]);
    close(in[1]);
    return error{errc::unavailable, "no pipe for a router", ""};
  }
  const auto parent = getpid();
  child_ = fork();
  if (child_ == 0)
    become("exec " + command, in[1], out[1], parent);
  close(in[1]);
  close(out[1]);
  to_ = in[0];
  from_ = out[0];
  if (child_ < 0) {
    child_ = 0;
    return error{errc::unavailable, "cannot start " + command, ""};
  }
  setpgid(child_, child_); // whoever of both comes first
  return {};
}

result<std::string> router_process::ask(const std::string& line) {
  tell(line);
  if (auto sent = send(); !sent)
    return sent.error();
  return receive();
}

result<void> router_process::send() {
  const auto until = clock_type::now() + patience_;
  while (!waiting_.empty()) {
    if (!ready(to_, POLLOUT, until))
      return error{errc::deadline_exceeded, "it does not read its input", ""};
    const auto went = ::send(to_, waiting_.data(), waiting_.size(),
                             MSG_DONTWAIT | MSG_NOSIGNAL);
    if (went > 0)
      waiting_.erase(0, static_cast<size_t>(went));
    else if (errno != EAGAIN && errno != EINTR)
      return ended();
  }
  return {};
}

result<std::string> router_process::receive() {
  const auto until = clock_type::now() + patience_;
  while (true) {
    if (const auto end = come_.find('\n'); end != come_.npos) {
      auto line = come_.substr(0, end);
      come_.erase(0, end + 1);
      return line;
    }
    if (come_.size() > most_line)
      return error{errc::too_large, "its line is longer than 64 KiB", ""};
    if (!ready(from_, POLLIN, until))
      return error{errc::deadline_exceeded,
                   "it did not answer within "
                     + std::to_string(patience_.count()) + " ms",
                   "flush after each line; or give it longer: --answer-ms"};
    char part[4096];
    const auto got = read(from_, part, sizeof part);
    if (got > 0)
      come_.append(part, static_cast<size_t>(got));
    else if (got == 0 || errno != EINTR)
      return ended();
  }
}

error router_process::ended() {
  int status = 0;
  const auto until = clock_type::now() + farewell;
  pid_t got = 0;
  while ((got = waitpid(child_, &status, WNOHANG)) == 0
         && clock_type::now() < until)
    usleep(1000);
  std::string how = "it closed its output";
  if (got == child_) {
    how = WIFSIGNALED(status)
            ? "it was ended by signal " + std::to_string(WTERMSIG(status))
            : "it ended with status " + std::to_string(WEXITSTATUS(status));
    child_ = 0;
  }
  return {errc::unavailable, how, "see what it wrote to its standard error"};
}

void router_process::stop() noexcept {
  if (to_ >= 0)
    close(to_);
  if (from_ >= 0)
    close(from_);
  to_ = from_ = -1;
  if (child_ <= 0)
    return;
  const auto until = clock_type::now() + farewell;
  while (waitpid(child_, nullptr, WNOHANG) == 0) {
    if (clock_type::now() >= until) {
      kill(-child_, SIGKILL);
      waitpid(child_, nullptr, 0);
      break;
    }
    usleep(1000);
  }
  child_ = 0;
}

} // namespace faas::sim
