// Counters of one loop: plain cells, written by the loop, read on scrape.
#pragma once

#include "libfaas/core/clock.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace faas::http {

/// A number with one writer and any readers: an add is a load and a store.
class cell {
public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  void set(uint64_t n) noexcept { value_.store(n, std::memory_order_relaxed); }
  uint64_t get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<uint64_t> value_{0};
};

/// Upper bounds in seconds: the defaults of the Go client, as OpenFaaS uses.
inline constexpr std::array<double, 11> latency_bounds{
  .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};

/// Answers of one function with one status.
struct code_cells {
  std::atomic<uint16_t> code{0}; ///< 0: unused
  cell count;
  cell nanoseconds;
  std::array<cell, latency_bounds.size() + 1> buckets; ///< not cumulative
};

/// What a loop counts for one function.
struct function_cells {
  /// Statuses told apart; the last cell takes all others, as code 999.
  static constexpr size_t max_codes = 16;

  explicit function_cells(std::string name) : name(std::move(name)) {}
  void answered(uint16_t code, duration total) noexcept;

  const std::string name;
  cell started;
  std::array<code_cells, max_codes> codes;
};

/// Everything one loop counts. Adding is for the loop; reading for any thread.
class loop_cells {
public:
  /// Functions with series of their own; further ones share "other".
  static constexpr size_t max_functions = 1000;

  /// The cells of that function, made at first use; stable.
  function_cells& function(std::string_view name);

  template <class F>
  void for_each(F&& f) const {
    const auto count = count_.load(std::memory_order_acquire);
    for (size_t i = 0; i < count; ++i)
      f(*functions_[i]);
  }

  cell connections; ///< open now
  cell accepted;    ///< connections ever
  cell bytes_in, bytes_out;
  cell malformed;    ///< requests that were no HTTP
  cell timeouts;     ///< connections closed for slowness
  cell clients_gone; ///< clients that left before their answer
  cell lag_ns;       ///< smoothed

private:
  std::array<std::unique_ptr<function_cells>, max_functions> functions_;
  std::atomic<size_t> count_{0};
  std::unordered_map<std::string_view, function_cells*> index_;
};

} // namespace faas::http
