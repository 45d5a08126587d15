// A program whose output is read by whoever waits for its answers.
#pragma once

#include "functions/child/child.hpp"
#include "functions/process/line_cutter.hpp"
#include "functions/process/unique_fd.hpp"
#include "libfaas/ports/runtime.hpp"

#include <mutex>
#include <poll.h>
#include <span>

namespace faas::process {

/// Owns the process and the pipe of its output. No thread of its own: output
/// is read, and the end seen, while somebody waits. Thread safe.
class attended {
public:
  /// Its output goes to `events.log` within the bounds. Errors as
  /// child_process::spawn.
  static result<std::unique_ptr<attended>> start(child::spawn_request request,
                                                 module_events events,
                                                 line_bounds lines = {});
  /// Kills what is left of it.
  ~attended();
  attended(const attended&) = delete;
  attended& operator=(const attended&) = delete;

  /// Waits until one of the descriptors has something, the program ended or
  /// time is up; at most sixteen. True: one of the descriptors has.
  bool wait(std::span<pollfd> also, time_point until);
  /// Waits for its end until then, and reads its last output.
  bool finish(time_point until);

  bool alive();
  void terminate() noexcept; ///< SIGTERM
  void kill() noexcept;
  pid_t pid() const noexcept { return pid_; }
  bool forked() const noexcept { return child_.forked(); }
  /// "it exited with status 3; its last lines: ..." Empty: it runs.
  std::string ended();
  /// The same for what happened to a running one.
  std::string with_lines(std::string text);

  /// Lines that it prints are this event's; null: nobody's.
  void under_way(const call_id* id);

private:
  explicit attended(module_events events, line_bounds lines);
  void read_output();

  const module_events events_;
  child::child_process child_;
  pid_t pid_ = 0;

  std::mutex mutex_; ///< guards what follows and the child's state
  unique_fd output_;
  std::optional<child::exit_status> end_;
  std::optional<call_id> under_way_;
  line_cutter lines_;
};

} // namespace faas::process
