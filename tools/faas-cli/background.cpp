#include "tools/faas-cli/background.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace faas::cli {
namespace {

constexpr int grace_seconds = 10;
constexpr int cannot_run = 127;

class child_program final : public background {
public:
  explicit child_program(pid_t pid) : pid_(pid) {}
  ~child_program() override {
    if (ended())
      return;
    ::kill(pid_, SIGTERM);
    const timespec pause{0, 20'000'000};
    for (int i = 0; i < grace_seconds * 50 && !ended(); ++i)
      ::nanosleep(&pause, nullptr);
    if (ended())
      return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  std::optional<int> ended() override {
    int status = 0;
    if (!status_ && ::waitpid(pid_, &status, WNOHANG) == pid_)
      status_ = WIFEXITED(status) ? WEXITSTATUS(status)
                                  : 128 + WTERMSIG(status);
    return status_;
  }

private:
  pid_t pid_;
  std::optional<int> status_;
};

/// Between fork and exec: system calls only.
[[noreturn]] void become(char** argv, int output, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  ::setpgid(0, 0); // Ctrl-C is for this program, which ends that one
  if (::getppid() != parent || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0)
    ::_exit(cannot_run);
  ::execvp(argv[0], argv);
  ::_exit(cannot_run);
}

volatile std::sig_atomic_t interrupts = 0;

void note_interrupt(int) {
  interrupts = 1;
}

} // namespace

result<std::unique_ptr<background>>
start_background(const std::vector<std::string>& arguments,
                 const std::filesystem::path& output) {
  std::vector<char*> argv;
  for (const auto& argument : arguments)
    argv.push_back(const_cast<char*>(argument.c_str())); // exec's signature
  argv.push_back(nullptr);
  const int file = ::open(output.c_str(),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0)
    return error{errc::internal,
                 "cannot write " + output.string() + ": " + ::strerror(errno)};
  const auto parent = ::getpid();
  const auto pid = ::fork();
  if (pid == 0)
    become(argv.data(), file, parent);
  ::close(file);
  if (pid < 0)
    return error{errc::internal, "cannot start " + arguments[0] + ": "
                                   + ::strerror(errno)};
  return std::unique_ptr<background>{std::make_unique<child_program>(pid)};
}

bool was_interrupted() {
  static const bool watched = [] {
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    ::sigaction(SIGINT, &action, nullptr);
    ::sigaction(SIGTERM, &action, nullptr);
    return true;
  }();
  return watched && interrupts != 0;
}

} // namespace faas::cli
