// When a second site pays for an event that is under way already.
#pragma once

#include "libfaas/routing/decision.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace faas::routing {

/// What a second start may cost. STOIC's Duplicator (Zhang et al., 2021) starts
/// two always; here it must be worth its price (cf. Vulimiri et al., "Low
/// latency via redundancy", 2013; Dean and Barroso, "The tail at scale", 2013).
struct hedge_bounds {
  double share = 0;   ///< of events that may start twice, at most; 0: none
  double burst = 4;   ///< starts that may be saved up
  double price = 0.5; ///< ms of latency that a ms of a site's time is worth
};

/// Counts events and second starts, so that these stay a share of those. Where
/// more pay than may be, a bar rises, so that the share goes to those that gain
/// most. One thread.
class hedge_budget {
public:
  /// An event has started.
  void count(const hedge_bounds& bounds) noexcept {
    saved_ += bounds.share;
    if (saved_ < bounds.burst)
      return;
    saved_ = bounds.burst;
    bar_ = bar_ > 1 / lower ? bar_ * lower : 1;
  }
  /// True if one more second start is within the bounds; it is counted.
  bool take() noexcept {
    if (saved_ < 1 - 1e-9) { // ten tenths are one
      bar_ = bar_ < highest ? bar_ * higher : highest;
      return false;
    }
    saved_ -= 1;
    return true;
  }
  /// How many times its cost a second start has to gain; at least 1.
  double bar() const noexcept { return bar_; }

private:
  static constexpr double higher = 1.1, lower = 0.98, highest = 1e3;
  double saved_ = 0, bar_ = 1;
};

/// How long one event takes, as far as a prediction knows it: log-normal with
/// the prediction's mean and its promise as 95 % quantile; one event in fifty
/// strays (a site that has just become slow, a lost connection): its median is
/// four times the predicted mean, and wide. Times in ms.
class latency_law {
public:
  explicit latency_law(const prediction& of) noexcept;
  latency_law(double mean_ms, double p95_ms) noexcept;

  /// Probability that it takes longer.
  double beyond(double ms) const noexcept;
  /// Mean of the time left when it has taken `age_ms` already.
  double left(double age_ms) const noexcept;
  /// A time around which all of it happens, for integration.
  double scale() const noexcept { return usual_.mean(); }

private:
  struct log_normal {
    double mu = 0, sigma = 0;
    double beyond(double ms) const noexcept;
    double mean() const noexcept;
    /// Integral of beyond() from `ms` on.
    double excess(double ms) const noexcept;
  };
  static constexpr double stray_share = 0.02;

  log_normal usual_, stray_;
};

/// How much earlier the answer is expected, ms, when an event that has run for
/// `age_ms` at one site starts at a second one now; the first answer counts.
/// The two are taken as independent.
double hedge_gain(const latency_law& first, double age_ms,
                  const latency_law& second) noexcept;

/// What that start costs, ms: the second site's time at its price, and what
/// others wait for it. All of it, because a running event is not always stopped
/// by its cancellation.
double hedge_cost(const prediction& second, const hedge_bounds& bounds) noexcept;

/// How long to wait, ms from the event's start, until a second start at the
/// runner-up pays if no answer has come; 0: at once; nothing: it never does, or
/// not before the deadline.
std::optional<double> hedge_after(const decision& made,
                                  const event_features& event,
                                  const hedge_bounds& bounds) noexcept;

/// The same for many events, to some 5 %: what was found for one is kept for
/// those of about the same proportions (the law has no scale of its own), since
/// it takes some 40 us. One thread.
class hedge_planner {
public:
  /// `bar`: so many times its cost is to be gained.
  std::optional<double> after(const decision& made,
                              const event_features& event,
                              const hedge_bounds& bounds,
                              double bar = 1) noexcept;

private:
  using proportions = std::array<int16_t, 4>; ///< in eighths of octaves
  struct plan {
    proportions of{};
    double age = unknown; ///< in means of the first site; negative: never
  };
  static constexpr double unknown = -2, never = -1;

  double age_of(const proportions& of) noexcept;

  std::array<plan, 64> known_{};
};

} // namespace faas::routing
