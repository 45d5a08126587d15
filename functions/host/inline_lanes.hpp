// One instance of an inline function per gateway loop.
#pragma once

#include "functions/host/inline_watch.hpp"
#include "libfaas/ports/runtime.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <thread>
#include <vector>

namespace faas::host {

/// A counter that one thread writes and others may read.
class own_counter {
public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value() + n, std::memory_order_relaxed);
  }
  uint64_t value() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<uint64_t> value_{0};
};

/// What one thread uses without locks; one cache line apart from the next.
struct alignas(64) inline_lane {
  std::atomic<std::thread::id> owner{};
  std::atomic<bool> busy{false}; ///< a call is going on
  std::unique_ptr<function_instance> instance;
  inline_watch watch;
  own_counter accepted, answered, failed, timed_out;
  std::atomic<int64_t> p99_ns{0};
};

/// A fixed number of lanes; a thread that submits takes a free one for good.
class inline_lanes {
public:
  static constexpr size_t most = 32;

  /// Before the lanes are shared: adds one with its instance. False when all
  /// are taken.
  bool add(std::unique_ptr<function_instance> instance, inline_limits limits);
  /// The calling thread's lane, or null when all belong to other threads.
  inline_lane* mine() noexcept;
  bool any_busy() const noexcept;
  size_t count() const noexcept { return count_; }
  /// Destroys the instances; nobody may be inside.
  void clear() noexcept;
  /// The same, and hands them to the caller.
  std::vector<std::unique_ptr<function_instance>> take() noexcept;
  /// After take(): gives each lane one again, before anyone uses them.
  void give(std::vector<std::unique_ptr<function_instance>>& instances) noexcept;

  template <class F>
  void each(F visit) const {
    for (size_t i = 0; i < count_; ++i)
      visit(lanes_[i]);
  }

private:
  std::array<inline_lane, most> lanes_;
  size_t count_ = 0;
};

} // namespace faas::host
