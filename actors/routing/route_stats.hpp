// Counters per function and site, one set per gateway loop.
#pragma once

#include "libfaas/core/id.hpp"
#include "libfaas/flow/token_bucket.hpp"
#include "libfaas/ports/metrics.hpp"
#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/site_guard.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace faas::actors {

/// How an event ended at a site.
enum class site_outcome : uint8_t {
  ok,
  failed,   ///< user code or its bundle
  refused,  ///< full, quarantined, shutting down
  timed_out,
  lost,     ///< the site vanished with it
  beaten,   ///< a second site answered first, this one was told to stop
};
inline constexpr size_t site_outcomes = 6;
std::string_view name(site_outcome outcome) noexcept;

/// A number with one writer that any thread may read: no locked instruction.
class tally {
public:
  void add(uint64_t n = 1) noexcept {
    value_.store(value_.load(std::memory_order_relaxed) + n,
                 std::memory_order_relaxed);
  }
  uint64_t get() const noexcept {
    return value_.load(std::memory_order_relaxed);
  }

private:
  std::atomic<uint64_t> value_{0};
};

/// Latency in powers of two from 16 us; the last bucket holds the rest.
struct latency_histogram {
  static constexpr size_t buckets = 22;
  std::array<tally, buckets> counts;
  tally sum_ns;

  void add(uint64_t ns) noexcept;
  static double upper_bound_seconds(size_t bucket) noexcept;
};

/// One function version on one site, as one loop saw it. Times in ns.
struct target_stats {
  function_name function;
  site_name site;
  std::array<tally, site_outcomes> outcomes;
  std::array<tally, routing::reasons> decisions; ///< by routing::reason
  tally network_ns, queue_ns, service_ns, cold_ns;
  latency_histogram total;
  tally predicted_events, error_ns; ///< sum of |predicted - measured|
  tally promises, promises_kept;   ///< answers told with one; those in time
  tally regret_ns; ///< sum of what was chosen over the best, as predicted
  tally retries;
  tally second_wins; ///< of events that started elsewhere before
  std::atomic<uint32_t> in_flight{0};
  /// Events that the predictor hears of; more would teach it nothing and cost
  /// as much as running them. Loop thread only.
  flow::token_bucket lessons{5000, 256};
  routing::site_guard guard; ///< loop thread only
};

/// All counters of a node. Rows are made on first use and never move; at most
/// `max_rows`, then the surplus shares one row called "other".
class stats_book final : public metrics_source {
public:
  static constexpr size_t max_rows = 20'000;

  /// A row for one loop; rows of the same names are added up on scrape.
  std::shared_ptr<target_stats> open(const function_name& function,
                                     const site_name& site);
  std::vector<metric_family> collect() const override;

  struct totals {
    uint64_t chosen = 0, completed = 0, failed = 0, in_flight = 0;
    double error_ms = 0; ///< mean absolute
  };
  totals of(const function_name& function, const site_name& site) const;
  uint64_t invocations(const function_name& function) const;

private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<target_stats>> rows_;
};

} // namespace faas::actors
