// Which loaded models stay in memory. Pure: no models, no clock.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace faas::torch_runtime {

/// Accounts for the memory of models and says which to drop for another one.
/// What a model is worth is what it would cost to be without it: arrivals a
/// second, times the time to load and warm it up, per byte that it holds.
/// Pinned models are never dropped. Not thread safe.
class model_cache {
public:
  /// Arrivals count half after that time.
  static constexpr auto half_life = std::chrono::seconds{60};

  explicit model_cache(uint64_t capacity_bytes) : capacity_(capacity_bytes) {}

  /// The models to drop, cheapest first, so that one of that size fits; empty:
  /// it fits already; nullopt: not even without all that are not pinned.
  std::optional<std::vector<std::string>> room_for(uint64_t bytes,
                                                   time_point now) const;

  /// A model that was loaded; the same key again: its new size and cost. False,
  /// and nothing changes, when there is no room for it.
  bool add(const std::string& key, uint64_t bytes, duration cost,
           time_point now);
  void remove(const std::string& key);
  bool has(const std::string& key) const { return models_.contains(key); }

  /// Events for the model.
  void arrived(const std::string& key, size_t events, time_point now);
  /// Pins count: as many unpin() as pin() calls free it again.
  void pin(const std::string& key);
  void unpin(const std::string& key);

  /// 0 for a model that is not there.
  double worth(const std::string& key, time_point now) const;
  uint64_t used() const noexcept { return used_; }
  uint64_t capacity() const noexcept { return capacity_; }

private:
  struct entry {
    uint64_t bytes = 0;
    duration cost{};
    uint32_t pins = 0;
    double arrivals = 0; ///< decayed to `at`
    time_point at;
  };

  static double decayed(const entry& one, time_point now);
  static double worth_of(const entry& one, time_point now);

  const uint64_t capacity_;
  uint64_t used_ = 0;
  std::map<std::string, entry> models_;
};

} // namespace faas::torch_runtime
