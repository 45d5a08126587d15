// The node's side of one worker process.
#pragma once

#include "functions/child/child.hpp"
#include "functions/isolated/channel/channel.hpp"
#include "functions/isolated/channel/message.hpp"
#include "functions/isolated/log_intake.hpp"

#include <filesystem>

namespace faas::isolated {

/// Times and the program of a node's workers.
struct worker_settings {
  std::filesystem::path program; ///< faas-worker
  /// Of the process; a function sees `environment:` by its configuration.
  string_map environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                            {"LANG", "C.UTF-8"}};
  duration start_timeout = std::chrono::seconds{100}; ///< with `create`
  duration close_timeout = std::chrono::seconds{2};   ///< with `destroy`
  /// What a call past its deadline gets to notice it, before its worker is
  /// killed.
  duration grace = std::chrono::milliseconds{100};
};

/// How one question to a worker ended.
struct outcome {
  enum class kind : uint8_t {
    answered,
    late,      ///< past the deadline, but the worker is well
    died,      ///< by itself
    hung,      ///< it did not end in time and was killed
    corrupted, ///< it wrote what no worker writes and was killed
    too_large  ///< the event does not fit; the worker did not see it
  };
  kind how = kind::answered;
  reply answer;     ///< when answered
  std::string what; ///< else: what happened, with the worker's last lines
  bool begun = true; ///< false: it died before it saw the event
  bool part = false; ///< answered with a part; the call goes on
};

/// A process with one instance of a function. One thread at a time, but for
/// pid().
class worker_process {
public:
  /// Starts the program and makes the instance; blocks. errc::bad_bundle with
  /// the function's reason, errc::unavailable for what the machine lacks.
  static result<std::unique_ptr<worker_process>>
  start(const worker_settings& settings, const create_request& about,
        const std::optional<sandbox::plan>& plan);
  /// Destroys the instance in the worker and ends it, by force when it does not
  /// end in time.
  ~worker_process();

  /// Runs one event, at most until its deadline and the grace.
  outcome call(const invocation& event, const std::vector<std::string>& changed,
               invocation_context& context);
  /// False once the process has ended or was killed.
  bool alive() noexcept;
  pid_t pid() const noexcept { return pid_; }
  const std::string& abi() const noexcept { return abi_; }

private:
  class descriptor {
  public:
    explicit descriptor(int fd = -1) noexcept : fd_(fd) {}
    descriptor(descriptor&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)) {}
    descriptor& operator=(descriptor&& other) noexcept {
      std::swap(fd_, other.fd_);
      return *this;
    }
    ~descriptor();
    int get() const noexcept { return fd_; }

  private:
    int fd_;
  };

  worker_process(const worker_settings& settings, segment memory)
    : settings_(settings), memory_(std::move(memory)), channel_(memory_) {}

  result<void> spawn(const std::optional<sandbox::plan>& plan);
  result<void> create(const create_request& about);
  /// The next word of the worker about the event.
  outcome next(time_point deadline, invocation_context& context);
  /// Passes a part on, unless it is too late, and tells the worker.
  part_fate pass_on(const outcome& part, time_point deadline,
                    invocation_context& context);
  outcome::kind await(time_point until, const invocation_context* caller);
  outcome finish(outcome::kind how);
  outcome take_answer();
  /// Reads what the worker has said so far; false when there was nothing.
  bool drain();
  bool drain_records();
  bool drain_output();
  void kill() noexcept;
  std::string how_it_ended();

  const worker_settings& settings_; ///< outlives its workers
  segment memory_;
  node_end channel_;
  child::child_process child_;
  descriptor control_, output_;
  log_intake log_;
  packer out_;
  std::vector<char> buffer_; ///< for drain()
  std::optional<child::exit_status> ended_;
  bool killed_ = false;
  pid_t pid_ = 0;
  std::string abi_;
};

} // namespace faas::isolated
