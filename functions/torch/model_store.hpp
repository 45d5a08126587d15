// Loaded models of a node: shared by the versions that use them, kept for a
// while when none does, and what their trials found out.
#pragma once

#include "functions/torch/gpu_trial.hpp"
#include "functions/torch/model_cache.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace faas::torch_runtime {

/// What loading gave. Immutable: instances run copies, which share weights.
struct loaded_model {
  trial_outcome cpu;
  gpu_outcome gpu;
};

class model_store;

/// A model in use; it stays as long as this does.
class model_lease {
public:
  model_lease(std::shared_ptr<model_store> store, std::string key,
              std::shared_ptr<const loaded_model> what)
    : store_(std::move(store)), key_(std::move(key)), what_(std::move(what)) {}
  ~model_lease();
  model_lease(const model_lease&) = delete;
  model_lease& operator=(const model_lease&) = delete;

  const loaded_model& what() const noexcept { return *what_; }
  /// Events for it: models that are asked for more often are kept longer.
  void arrived(size_t events) const noexcept;

private:
  const std::shared_ptr<model_store> store_;
  const std::string key_;
  const std::shared_ptr<const loaded_model> what_;
};

/// Models in use are pinned. Those that nobody uses are kept while all together
/// are within the capacity; the cheapest to be without go first. A model that
/// does not fit beside those in use is used all the same, and not kept.
/// Thread safe.
class model_store : public std::enable_shared_from_this<model_store> {
public:
  /// Trials that are remembered after their model has gone.
  static constexpr size_t most_findings = 256;

  /// 0: nothing is kept.
  explicit model_store(uint64_t capacity_bytes) : cache_(capacity_bytes) {}

  /// Loads and tries it; with what an earlier trial found, if there was one.
  using loader
    = std::function<result<loaded_model>(const trial_finding* known)>;
  /// The model of that key and size, loaded if it is not there. Two that ask for
  /// the same at once may both load; one is dropped.
  result<std::unique_ptr<model_lease>> get(const std::string& key,
                                           uint64_t bytes, const loader& load);

  struct totals {
    size_t models = 0, in_use = 0;
    uint64_t bytes = 0, capacity = 0;
  };
  totals now() const;

private:
  friend class model_lease;
  struct entry {
    std::shared_ptr<const loaded_model> what;
    uint32_t users = 0;
  };
  using dropped = std::vector<std::shared_ptr<const loaded_model>>;

  std::unique_ptr<model_lease> lease(const std::string& key, entry& of);
  const trial_finding* known(const std::string& key) const;
  void remember(const std::string& key, const loaded_model& what);
  dropped make_room(uint64_t bytes, time_point now);
  void release(const std::string& key,
               const std::shared_ptr<const loaded_model>& what) noexcept;
  void arrived(const std::string& key, size_t events) noexcept;

  mutable std::mutex mutex_; ///< guards what follows
  model_cache cache_;
  std::map<std::string, entry> models_; ///< those that are in cache_
  std::map<std::string, trial_finding> findings_;
  std::deque<std::string> oldest_; ///< keys of findings_
};

} // namespace faas::torch_runtime
