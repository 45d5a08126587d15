// A process of its own for one program, with everything it starts.
#pragma once

#include "functions/sandbox/image.hpp"
#include "functions/sandbox/sandbox.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace faas::sandbox {
struct cgroup_base;
struct order;
} // namespace faas::sandbox

namespace faas::child {

/// What to start.
struct spawn_request {
  /// argv[0]: a path (with a slash), or a name looked up in env's PATH.
  std::vector<std::string> argv;
  string_map env;                 ///< exactly this
  std::filesystem::path folder;   ///< working folder; empty: /
  struct fd {
    int from; ///< of this process; stays open here
    int to;   ///< what the program sees
  };
  /// Descriptors it gets; all others are closed. 0, 1 and 2 are /dev/null
  /// where they are not named. At most 64.
  std::vector<fd> fds;
  /// None: not sandboxed (tests, trusted programs).
  std::optional<sandbox::plan> sandbox;
  /// Gives a process that does as petrel-init does and then is the program,
  /// instead of executing it (a zygote's fork). Empty, or an error: the usual
  /// way. With a sandbox only.
  std::function<result<sandbox::started_init>()> forks;
};

/// How a program ended.
struct exit_status {
  int code = 0;   ///< what it returned, when signal is 0
  int signal = 0; ///< that ended it
  bool out_of_memory = false; ///< the kernel killed it at its memory limit
  bool success() const noexcept { return code == 0 && signal == 0; }
  /// "exited with status 3", "killed by SIGSEGV (Segmentation fault)"
  std::string text() const;
};

/// A program and all its descendants, also those that made themselves daemons.
/// They end when the program ends, when this object is destroyed and when this
/// process ends, however it does. The thread that started it may end before.
///
/// terminate() and kill() may be called from any thread until the destructor
/// begins; all else by one thread at a time. A moved-from object is empty.
class child_process {
public:
  /// Starts it and waits until the program was exec'd (a few ms; at most 10 s
  /// on a machine in trouble). Errors: invalid_argument for a request that
  /// cannot work anywhere, bad_bundle for a program that cannot be executed,
  /// unavailable for what the machine lacks; each says what to do.
  static result<child_process> spawn(const spawn_request& request);

  child_process() noexcept;
  child_process(child_process&&) noexcept;
  child_process& operator=(child_process&&) noexcept;
  /// Kills what is left and waits for its end.
  ~child_process();

  explicit operator bool() const noexcept { return self_ != nullptr; }
  /// Of the program itself, as this process sees it: for /proc, not to be
  /// signalled (it is not this process that reaps it).
  pid_t pid() const noexcept;
  /// It came from spawn_request::forks.
  bool forked() const noexcept;
  /// Readable (poll) once the program and all its descendants have ended.
  /// Owned by this object.
  int pidfd() const noexcept;
  /// How it ended; nothing while any of it runs. Does not block.
  std::optional<exit_status> poll();
  /// Waits for the end until `deadline`; nothing when it still runs then.
  std::optional<exit_status> wait_until(time_point deadline);
  /// SIGTERM to the program's process group, which may ignore it.
  void terminate() noexcept;
  /// SIGKILL to all of it. Does not wait.
  void kill() noexcept;

private:
  class state;
  static result<child_process>
  spawn_as(const spawn_request& request, const sandbox::order& order,
           const sandbox::cgroup_base& base, sandbox::started_init started,
           bool forked);
  explicit child_process(std::unique_ptr<state> self) noexcept;
  std::unique_ptr<state> self_;
};

} // namespace faas::child
