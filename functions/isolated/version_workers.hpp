// The workers of one version: how they are made, and what becomes of those that
// die.
#pragma once

#include "functions/isolated/isolated_runtime.hpp"

#include <condition_variable>
#include <mutex>
#include <set>

namespace faas::isolated {

/// Shared by the module and the instances of one version. Thread safe.
class version_workers : public std::enable_shared_from_this<version_workers> {
public:
  version_workers(std::shared_ptr<const isolated_config> config,
                  version_ref version, create_request about,
                  std::optional<sandbox::plan> plan,
                  std::shared_ptr<const secret_folder> secrets);

  /// Starts a worker, after a pause when the last ones died. Blocks.
  result<std::unique_ptr<function_instance>> make_instance();
  string_map facts() const;
  /// Why this version should stop; empty: go on.
  std::string trouble() const;

  // For instances
  /// What make_instance() starts.
  result<std::unique_ptr<worker_process>> start_worker();
  void served();
  void died(const std::string& how);
  void gone(pid_t pid);
  const std::string& name() const noexcept { return about_.function; }
  const secret_folder* secrets() const noexcept { return secrets_.get(); }

private:
  result<void> wait_for_turn();

  const std::shared_ptr<const isolated_config> config_;
  const version_ref version_;
  const create_request about_;
  const std::optional<sandbox::plan> plan_;
  const std::shared_ptr<const secret_folder> secrets_;

  mutable std::mutex mutex_; ///< guards what follows
  std::condition_variable turn_;
  crash_budget budget_;
  std::atomic<bool> unhappy_{false}; ///< budget_ has something to forget
  std::string trouble_;
  std::set<pid_t> pids_;
  std::string abi_;
};

} // namespace faas::isolated
