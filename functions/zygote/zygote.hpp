// Python processes that wait for a function: forks of one zygote.
#pragma once

#include "functions/zygote/process.hpp"
#include "libfaas/manifest/function_spec.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace faas::zygote {

struct pool_config {
  std::filesystem::path python; ///< the interpreter
  uint32_t waiting = 2;         ///< forks that wait for a function, at least 1
  duration start_timeout = std::chrono::seconds{30};
  /// Between starts of a zygote that ended: doubled from the first to the last,
  /// and the first again once one has lived as long as the last.
  duration first_pause = std::chrono::seconds{1};
  duration longest_pause = std::chrono::seconds{60};
  std::function<void(std::string)> log; ///< any thread; may be empty
};

/// Owns the zygote of one interpreter and the forks that wait. A thread of its
/// own starts it, replaces it and makes forks; nobody waits for that. Thread
/// safe.
class pool {
public:
  /// Nothing is started yet.
  explicit pool(pool_config config);
  /// Ends the zygote and the forks that wait; those that were taken go on.
  ~pool();
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;

  /// There will be functions: start. May be called again.
  void want();
  /// One that waits, else a new fork when the zygote is there (a millisecond or
  /// two), else errc::unavailable at once.
  result<sandbox::started_init> take();
  const std::filesystem::path& python() const noexcept {
    return config_.python;
  }
  /// zygote (its pid, or why there is none), waiting, taken.
  string_map facts() const;

private:
  using lock_type = std::unique_lock<std::mutex>;

  void keep();
  void start(lock_type& lock);
  void refill(lock_type& lock);
  void drop(lock_type& lock, std::string why);
  bool is_new() const;
  void tell(const std::string& text) const;

  const pool_config config_;
  mutable std::mutex mutex_; ///< guards what follows
  std::condition_variable changed_;
  std::shared_ptr<const process> zygote_; ///< null: none runs
  std::deque<sandbox::started_init> waiting_;
  std::string stamp_; ///< of the interpreter's file, when it was started
  std::string reason_ = "not needed yet"; ///< why none runs
  time_point started_{}, not_before_{};
  duration pause_{};
  uint64_t taken_ = 0, starts_ = 0;
  bool wanted_ = false, stop_ = false;
  std::thread thread_; ///< begun by want()
};

/// What changes when an interpreter is replaced; "" when it cannot be read.
std::string stamp_of(const std::filesystem::path& file);

} // namespace faas::zygote
