// The node's side of one program of protocol worker.
#pragma once

#include "functions/process/attended.hpp"
#include "functions/process/process_pool.hpp"
#include "functions/process/worker_frames.hpp"
#include "functions/process/worker_memory.hpp"

#include <atomic>

namespace faas::process::worker {

struct process_config {
  std::string name;           ///< of the function, for messages
  child::spawn_request start; ///< without descriptors
  uint16_t areas = 1;         ///< calls at once, at most
  uint64_t max_body = 0;
  duration start_timeout = std::chrono::seconds{30};
  duration stop_grace = std::chrono::seconds{3};
  /// What a call past its deadline gets to notice that it is cancelled.
  duration call_grace = std::chrono::milliseconds{100};
  line_bounds lines;
  module_events events;
};

/// Any number of threads may call; of those that wait, one reads for all.
class worker_process final : public pooled_process {
public:
  /// Starts the program and waits until it says that it is ready.
  /// errc::bad_bundle with its last lines; errors of child_process::spawn.
  static result<std::shared_ptr<pooled_process>> start(process_config config);
  ~worker_process() override;

  uint32_t places() const noexcept override { return at_once_; }
  pool_outcome call(uint32_t place, const invocation& event,
                    invocation_context& context) override;
  bool usable() override;
  std::string ended() override;
  pid_t pid() const noexcept override { return child_->pid(); }
  bool forked() const noexcept override { return child_->forked(); }
  std::string about() const override { return about_; }

private:
  struct pending {
    uint64_t number;
    const call_id& id;
    bool done = false;
    reply answer;
    std::optional<reply> part = {}; ///< that waits to be passed on
    uint64_t in_memory = 0; ///< of the answer's body
  };
  using lock_type = std::unique_lock<std::mutex>;

  worker_process(process_config config, shared_memory memory)
    : config_(std::move(config)), memory_(std::move(memory)),
      log_bucket_(config_.lines.per_second, config_.lines.burst) {}

  result<void> launch();
  result<void> become_ready();
  void send(std::string frame);
  void flush();
  /// Waits, with the lock, until the call is done, the link is broken or time
  /// is up. `caller`: is asked whether it still waits; null: no matter.
  void await(lock_type& lock, pending& what, time_point until,
             invocation_context* caller);
  /// Without the lock for as long as a slow reader needs.
  void pass_on(lock_type& lock, pending& what, invocation_context* caller);
  void run(lock_type& lock, pending& what, const invocation& event,
           invocation_context& context, bool& late);
  pool_outcome conclude(pending& what, uint16_t area, bool late,
                        uint64_t sent);
  /// Reads once; without the lock, by the one thread that is reading_.
  void read_some(time_point until);
  void take(const frame& what);
  void take_ready(const frame& what);
  void take_answer(const frame& what);
  void take_part(const frame& what);
  /// The open call of that frame; null, with a line in the log: there is none.
  pending* call_of(const frame& what, const char* kind) const;
  void take_log(const frame& what);
  void malformed(const std::string& what);
  void break_link(std::string why);
  void mark_under_way();
  std::string how_it_ended();
  void log(log_level level, std::string_view text, const call_id* id) const;

  const process_config config_;
  shared_memory memory_;
  unique_fd link_;
  std::unique_ptr<attended> child_;
  uint16_t at_once_ = 0;
  std::string about_;
  frame_reader reader_; ///< of the thread that is reading_

  std::mutex mutex_; ///< guards what follows
  std::condition_variable changed_;
  std::vector<pending*> calls_;
  uint64_t last_number_ = 0;
  std::string unsent_;
  uint32_t unread_ = 0; ///< frames of part taken since unsent_ was empty
  bool refused_ = false; ///< the socket takes nothing any more
  bool reading_ = false;
  bool ready_ = false;
  bool retiring_ = false; ///< a call did not end in time: no further ones
  std::string broken_;    ///< why the link is of no use any more
  flow::token_bucket log_bucket_;
  uint64_t logs_dropped_ = 0;
};

} // namespace faas::process::worker
