// Batches of a site that have not begun, as those who choose see them.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace faas::routing {

/// How a site joins events of one function. Sizes are in the unit of the size
/// feature, times in ms.
struct batch_terms {
  double most = 0; ///< in one batch; a larger event goes alone. Up to 1: none
  double window_ms = 0; ///< how long a server waits for more unless it is full
  bool batches() const noexcept { return most > 1; }
  /// Whether an event of that size can go with others.
  bool joins(double items) const noexcept {
    return batches() && items > 0 && items < most;
  }
};

/// Where one more event would go.
struct batch_place {
  double begins_ms = 0; ///< its batch, on the clock of time_point
  double items = 0;     ///< that are in it already
  double ahead_ms = 0;  ///< that other batches take meanwhile, not begun yet
};

/// What a plan (batch_load) tells of itself; points of time in ms on the clock of
/// time_point.
struct batch_outlook {
  struct batch {
    uint32_t function = 0;
    double closes_ms = 0; ///< begins then, unless it is full before
    double items = 0;
  };
  static constexpr size_t most = 6;
  std::array<batch, most> open{}; ///< which are not full; the first one first
  size_t count = 0;
  double free_ms = 0;  ///< a server is, after all that is planned; 0: one is now
  double least_ms = 0; ///< what is left at least of a batch that is late
  double first_ms = 0; ///< a server takes the first that has not begun; 0: none
};

/// The same, written by one thread at a time and read by any without a lock:
/// they may see a mixture of two states that are one event apart.
class open_batches {
public:
  void show(const batch_outlook& now) noexcept {
    for (size_t i = 0; i < now.count; ++i) {
      open_[i].function.store(now.open[i].function, relaxed);
      open_[i].closes_ms.store(now.open[i].closes_ms, relaxed);
      open_[i].items.store(now.open[i].items, relaxed);
    }
    count_.store(static_cast<uint32_t>(now.count), relaxed);
    free_ms_.store(now.free_ms, relaxed);
    least_ms_.store(now.least_ms, relaxed);
    first_ms_.store(now.first_ms, relaxed);
  }

  /// Of an event of that function and size that arrives then.
  batch_place place(uint32_t function, const batch_terms& terms, double items,
                    double arrives_ms, double now_ms) const noexcept {
    const double first = std::max(first_ms_.load(relaxed), arrives_ms);
    const bool joins = terms.joins(items);
    for (uint32_t i = 0; joins && i < count_.load(relaxed); ++i) {
      const auto& one = open_[i];
      const double in = one.items.load(relaxed);
      const double closes = one.closes_ms.load(relaxed);
      if (one.function.load(relaxed) != function || closes < arrives_ms
          || in + items > terms.most)
        continue;
      const double taken = closes - terms.window_ms;
      const double begins
        = in + items < terms.most ? closes : std::max(arrives_ms, taken);
      return {begins, in, std::max(0.0, taken - first)};
    }
    const double free = free_ms_.load(relaxed);
    const double taken
      = free == 0 ? arrives_ms
                  : std::max({arrives_ms, free, now_ms + least_ms_.load(relaxed)});
    return {taken + (joins ? terms.window_ms : 0), 0,
            std::max(0.0, taken - first)};
  }

private:
  static constexpr auto relaxed = std::memory_order_relaxed;
  struct batch {
    std::atomic<uint32_t> function{0};
    std::atomic<double> closes_ms{0}, items{0};
  };
  std::array<batch, batch_outlook::most> open_;
  std::atomic<uint32_t> count_{0};
  std::atomic<double> free_ms_{0}, least_ms_{0}, first_ms_{0};
};

/// A function at a site that joins its events. `open` belongs to the site's load.
struct batching_site {
  uint32_t function = 0; ///< tells the site's functions apart
  batch_terms terms;
  const open_batches* open = nullptr;
};

} // namespace faas::routing
