// What the predictor has learned, kept over a restart of its node.
#pragma once

#include "libfaas/ports/replica_store.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace faas::actors {

/// Saves the last text it was given, in a thread of its own: while it lives no
/// actor waits for the disk. The destructor saves what is still waiting, and
/// once more what could not be saved; it waits for a disk that hangs.
class experience_keeper {
public:
  /// `log`: told when saving begins to fail, and when it works again; from the
  /// thread. Both outlive the keeper.
  experience_keeper(replica_store& store,
                    std::function<void(std::string)> log);
  ~experience_keeper();
  experience_keeper(const experience_keeper&) = delete;
  experience_keeper& operator=(const experience_keeper&) = delete;

  /// Any thread. A text that is not saved yet is replaced.
  void keep(std::string text);

private:
  void work();
  void save(std::string text);

  replica_store& store_;
  std::function<void(std::string)> log_;
  bool failing_ = false;               ///< the thread's
  std::optional<std::string> unsaved_; ///< the thread's; while failing_
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<std::string> next_; ///< guarded by mutex_
  bool over_ = false;               ///< guarded by mutex_
  std::thread thread_;
};

} // namespace faas::actors
