// What the predictor believes about one function on one site, shared with the
// gateway loops without a lock.
#pragma once

#include "libfaas/routing/way_bytes.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace faas::routing {

/// One belief, as an array of words: floats, where seven digits are plenty, come
/// in pairs. Times are milliseconds of the router's monotonic clock (see to_ms()).
struct estimate {
  /// Service time of an event of size n: factor * (slope * n + intercept) ms;
  /// the line already holds what was learned on this site.
  double slope = 0.34;
  double intercept = 1;
  double factor = 1;
  /// Uncertainty of the belief (epistemic) about the log of the service time,
  /// as a quadratic form in w = intercept / (slope * n + intercept):
  /// var + 2 w cov_shape + w^2 var_shape.
  double log_var = 1;
  double cov_shape = 0;
  double var_shape = 0;
  /// Growth of log_var per ms since `updated`: nobody looked meanwhile.
  double log_var_per_ms = 0;
  /// Scatter of single events around the belief (aleatoric), log domain.
  float log_noise = 0.03f;
  float grain_ms = 0.2f; ///< further scatter that matters for short events
  /// Network: rtt + up * request bytes + down * reply bytes, with the variances
  /// and covariances of these three (ms^2).
  double rtt_ms = 0.05;
  double up_ms_per_byte = 0, down_ms_per_byte = 0;
  float rtt_var = 1, up_var = 0, down_var = 0;
  float rtt_up_cov = 0, rtt_down_cov = 0, up_down_cov = 0;
  float net_noise_ms2 = 0.01f; ///< scatter of single events, ...
  float net_noise_share2 = 0;  ///< ... and what grows with the mean, squared
  /// Share of the cold start that one event bears when it arrives after
  /// warm_until_ms.
  double cold_charge_ms = 0;
  double warm_until_ms = 0;
  /// The function is still being brought there, and serves from then on (0: it
  /// is there), and the variance of that, ms^2.
  double ready_at_ms = 0;
  float ready_var = 0;
  float offered = 0; ///< load by all events that might come, over its servers
  /// Events of other routers at the site, as reported at reported_ms, what is
  /// usual, and what one of the site's events takes (see other_load).
  double others = 0;
  double others_usual = 0;
  double own_reported = 0;   ///< this router's, at that time
  float others_per_own = 0; ///< sent by them for each one that this one sends
  float load = 0; ///< usual number of events there, over its servers
  double mean_service_ms = 0;
  /// As `offered`, of the link, by the events' bytes in each direction, and what
  /// those of one event take there.
  float up_offered = 0, down_offered = 0;
  float up_carry_ms = 0, down_carry_ms = 0;
  double reported_ms = 0;
  /// Lateness of events in flight beyond what was predicted for them (nothing
  /// has come back yet): added to every prediction until they return.
  double overdue_ms = 0;
  double servers = 1;
  /// 95 % take no longer than the prediction and so many standard deviations.
  float promise_sigmas = 2;
  float interval_sigmas = 1.645f; ///< 90 % are no farther from it
  double updated_ms = 0;
};
static_assert(std::is_trivially_copyable_v<
                estimate> && sizeof(estimate) % sizeof(double) == 0);

/// Sequence lock around an estimate: one writer (the predictor), any number of
/// readers that never block the writer. All words are atomics, so that there is
/// no race to be excused (Boehm, "Can seqlocks get along with programming
/// language memory models?", MSPC 2012; acquire loads and release stores in
/// place of his fences, which ThreadSanitizer does not know).
class estimate_cell {
public:
  estimate_cell() noexcept { write(estimate{}); }
  explicit estimate_cell(const estimate& value) noexcept { write(value); }
  estimate_cell(const estimate_cell&) = delete;
  estimate_cell& operator=(const estimate_cell&) = delete;

  /// Only from the writer's thread.
  void write(const estimate& value) noexcept {
    const auto words = std::bit_cast<words_type>(value);
    const auto version = version_.load(std::memory_order_relaxed);
    version_.store(version + 1, std::memory_order_relaxed);
    for (size_t i = 0; i < count; ++i)
      words_[i].store(words[i], std::memory_order_release);
    version_.store(version + 2, std::memory_order_release);
  }

  /// From any thread; repeats while a write is under way (some 20 ns). Unrolled
  /// and inlined: copied as a whole, a decision takes half as long again.
  [[gnu::always_inline]] estimate read() const noexcept {
    estimate value;
    for (;;) {
      const auto before = version_.load(std::memory_order_acquire);
#pragma GCC unroll 64
      for (size_t i = 0; i < count; ++i) {
        // Word by word to its place: a copy of the whole would wait for these
        // stores (half the time of a decision).
        const auto word = words_[i].load(std::memory_order_acquire);
        std::memcpy(reinterpret_cast<char*>(&value) + i * sizeof word, &word,
                    sizeof word);
      }
      if (!(before & 1) && version_.load(std::memory_order_relaxed) == before)
        return value;
    }
  }

  /// The least that an event may take, in seven words of them all.
  struct sketch {
    double service_ms = 0, network_ms = 0, rtt_ms = 0, overdue_ms = 0;
  };
  /// As read(); all 0 while a write is under way.
  sketch glance(double size, way_bytes bytes) const noexcept {
    const auto before = version_.load(std::memory_order_acquire);
    const auto word = [&](size_t offset) {
      return std::bit_cast<double>(
        words_[offset / sizeof(double)].load(std::memory_order_acquire));
    };
    const double line = word(offsetof(estimate, slope)) * size
                        + word(offsetof(estimate, intercept));
    const double rtt = word(offsetof(estimate, rtt_ms));
    const double carry
      = word(offsetof(estimate, up_ms_per_byte)) * bytes.up
        + word(offsetof(estimate, down_ms_per_byte)) * bytes.down;
    const sketch seen{line * word(offsetof(estimate, factor)), rtt + carry, rtt,
                      word(offsetof(estimate, overdue_ms))};
    const bool whole
      = !(before & 1) && version_.load(std::memory_order_relaxed) == before;
    return whole ? seen : sketch{};
  }

  /// Number of writes so far; from any thread.
  uint64_t writes() const noexcept {
    return version_.load(std::memory_order_acquire) / 2;
  }

private:
  static constexpr size_t count = sizeof(estimate) / sizeof(uint64_t);
  using words_type = std::array<uint64_t, count>;

  alignas(64) std::atomic<uint64_t> version_{0};
  std::array<std::atomic<uint64_t>, count> words_{};
};

} // namespace faas::routing
