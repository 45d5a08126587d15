// The processes of one version, each of which takes some calls at once.
#pragma once

#include "functions/process/restart_policy.hpp"
#include "libfaas/ports/runtime.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

namespace faas::process {

/// How one event ended in a process.
struct pool_outcome {
  enum class how : uint8_t {
    answered,
    late,      ///< not before its deadline
    died,      ///< the process ended, or was ended, in the middle of it
    not_begun  ///< the process had ended before
  };
  how end = how::died;
  reply answer;     ///< with answered
  std::string what; ///< else: what happened
};

/// A process of a pool. call() by one thread per place at a time; all else by
/// any thread. Its destructor ends the process.
class pooled_process {
public:
  virtual ~pooled_process() = default;
  /// Places: calls that it takes at once.
  virtual uint32_t places() const noexcept = 0;
  virtual pool_outcome call(uint32_t place, const invocation& event,
                            invocation_context& context)
    = 0;
  /// False: it takes no further calls.
  virtual bool usable() = 0;
  /// Why it is not usable.
  virtual std::string ended() = 0;
  virtual pid_t pid() const noexcept = 0;
  /// It was a process that waited for a function, not a new one.
  virtual bool forked() const noexcept { return false; }
  /// What it says that it is.
  virtual std::string about() const { return {}; }
};

struct pool_config {
  std::string name;     ///< of the function, for messages
  std::string protocol; ///< for `describe`
  restart_rules rules;
  /// An event waits at most so long for a process that is started again.
  duration patience = std::chrono::seconds{5};
  module_events events;
};

/// Starts processes when there is no free place, drops those that ended or
/// that nobody uses any more, and holds back when they end too often. Thread
/// safe.
class process_pool : public std::enable_shared_from_this<process_pool> {
public:
  using starter = std::function<result<std::shared_ptr<pooled_process>>()>;
  process_pool(pool_config config, starter start)
    : config_(std::move(config)), start_(std::move(start)),
      policy_(config_.rules) {}

  /// One place of a process. Blocks while one is started. errc::bad_bundle,
  /// errc::unavailable.
  result<std::unique_ptr<function_instance>> make_instance();
  string_map facts() const;

  /// A place that is held.
  struct place {
    std::shared_ptr<pooled_process> in;
    uint32_t number = 0;
  };
  // For instances
  result<place> take();
  void give_back(place&& what);
  /// An event was answered, or was not before its deadline.
  void answered(const pooled_process& by);
  const std::string& name() const noexcept { return config_.name; }

private:
  struct member {
    std::shared_ptr<pooled_process> process;
    std::set<uint32_t> free;
    uint32_t held = 0;
    time_point started;
    bool answered = false;
    bool counted = false; ///< its end
  };

  bool take_free(place& out);
  result<void> wait_for_turn(std::unique_lock<std::mutex>& lock);
  result<place> start(std::unique_lock<std::mutex>& lock);
  void note_end(member& of);
  void count_end(std::string how, time_point started);
  error refused() const;
  void tell(const std::string& text, log_level level) const;

  const pool_config config_;
  const starter start_;

  mutable std::mutex mutex_; ///< guards what follows
  std::condition_variable changed_;
  std::map<const pooled_process*, member> members_;
  restart_policy policy_;
  time_point not_before_{};
  std::string last_end_, about_;
  uint32_t places_ = 0; ///< of a process; 0: none has started yet
  uint32_t ends_ = 0, starts_ = 0;
  uint32_t forked_ = 0; ///< of starts_
  bool starting_ = false;
};

} // namespace faas::process
