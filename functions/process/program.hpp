// A program that serves HTTP, kept running.
#pragma once

#include "functions/child/child.hpp"
#include "functions/process/endpoint.hpp"
#include "functions/process/line_cutter.hpp"
#include "functions/process/restart_policy.hpp"
#include "libfaas/core/id.hpp"
#include "libfaas/ports/runtime.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

namespace faas::process {

struct program_config {
  std::string name;           ///< of the function, for messages
  child::spawn_request start; ///< its output goes where the log is
  uint16_t port = 0;          ///< it listens on; 0: on the unix socket
  std::filesystem::path socket;
  std::string ready; ///< path asked at start; empty: a connection is enough
  duration start_timeout = std::chrono::seconds{30};
  duration stop_grace = std::chrono::seconds{3}; ///< SIGTERM to SIGKILL
  /// An event waits at most so long for a program that is being restarted.
  duration patience = std::chrono::seconds{5};
  restart_rules rules;
  line_bounds lines;
  module_events events;
};

/// Starts a program, keeps it running, reads what it prints, and says where it
/// can be reached. A thread of its own watches it. Thread safe.
class program {
public:
  /// Starts it and waits until it is ready. errc::bad_bundle when it ends or
  /// is not ready in time, with its last lines.
  static result<std::unique_ptr<program>> start(program_config config);
  /// SIGTERM, then SIGKILL after the grace.
  ~program();
  program(const program&) = delete;
  program& operator=(const program&) = delete;

  /// One run of the program, from its start to its end.
  struct run {
    uint64_t number = 0;
    std::shared_ptr<const endpoint> at;
  };
  /// The run that is ready, at the latest at `until` (and within the
  /// patience). errc::unavailable: crash loop, or it takes too long; says how
  /// the last run ended. errc::cancelled by `stop`.
  result<run> ready(time_point until, const std::function<bool()>& stop);

  /// While exactly one event is under way, lines get its id.
  void begin(const call_id& id);
  void end(const call_id& id);
  /// What became of an event of that run.
  void answered(uint64_t number);
  void missed(uint64_t number);
  /// How that run ended; waits a little for it. Empty: it still runs.
  std::string ended(uint64_t number, time_point until);

  string_map facts() const;

private:
  enum class phase : uint8_t { starting, ready, pausing, stopped };
  enum class woken : uint8_t { ended, asked, descriptor, timeout };

  explicit program(program_config config);

  void watch();
  std::string run_once();
  std::string live(child::child_process& process);
  bool probe(child::child_process& process,
             const std::shared_ptr<const endpoint>& at, time_point until);
  bool asks_ready(const endpoint& at, child::child_process& process,
                  time_point until);
  std::string shut_down(child::child_process& process);
  woken pump(child::child_process& process, int fd, short events,
             time_point until);
  void read_output();
  void pause(time_point until);
  void enter(phase to, std::shared_ptr<const endpoint> at = nullptr);
  void run_ended(std::string how, time_point started);
  bool asked_to_end() const;
  bool hangs() const;
  error not_ready() const;
  std::string with_lines(std::string text) const;
  void say(log_level level, const std::string& text) const;

  const program_config config_;
  unique_fd wake_;   ///< eventfd: stop_ or hang_ was set
  unique_fd output_; ///< the program's, of this run; watcher's only
  line_cutter lines_; ///< watcher's only

  mutable std::mutex mutex_; ///< guards what follows
  std::condition_variable changed_;
  phase phase_ = phase::starting;
  run run_;
  restart_policy policy_;
  time_point restart_at_{};
  std::string last_end_;   ///< how the last run ended, with its last lines
  bool was_ready_ = false; ///< since this object was made
  bool stop_ = false, hang_ = false;
  pid_t pid_ = 0;
  uint64_t dropped_ = 0;
  std::vector<call_id> under_way_;

  std::thread watcher_;
};

} // namespace faas::process
