// A child process that tells what it has done until it is killed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace faas::testing {

/// Forks; the child runs `work`, which reports numbers through the function
/// that it gets. For tests that are single-threaded at that point.
class killed_child {
public:
  using report = std::function<void(uint64_t)>;

  explicit killed_child(const std::function<void(const report&)>& work) {
    int ends[2];
    if (::pipe(ends) != 0)
      throw std::runtime_error("cannot make a pipe");
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[0]);
      work([&](uint64_t number) {
        if (::write(ends[1], &number, sizeof number) != sizeof number)
          ::_exit(2);
      });
      ::_exit(1); // the work must not end by itself
    }
    ::close(ends[1]);
    from_child_ = ends[0];
  }
  killed_child(const killed_child&) = delete;
  killed_child& operator=(const killed_child&) = delete;
  ~killed_child() {
    kill();
    ::close(from_child_);
  }

  /// The next number; nothing once the child has ended and all was read.
  std::optional<uint64_t> next() {
    uint64_t number = 0;
    if (::read(from_child_, &number, sizeof number) != sizeof number)
      return std::nullopt;
    return number;
  }
  /// Kills with SIGKILL. True when it was still alive.
  bool kill() {
    if (child_ <= 0)
      return false;
    ::kill(child_, SIGKILL);
    int status = 0;
    ::waitpid(child_, &status, 0);
    child_ = 0;
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

private:
  pid_t child_ = 0;
  int from_child_ = -1;
};

} // namespace faas::testing
