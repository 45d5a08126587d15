// Round-trip time and time per byte of one link.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/innovation.hpp"

namespace faas::routing {

struct network_prior {
  double rtt_ms = 20;
  double rtt_sd = 20;
  double ms_per_byte = 8e-5; ///< 100 Mbit/s
  double byte_sd = 4e-4;
  double noise_ms = 1; ///< scatter that does not grow with the time
  double jump_ms = 30; ///< standard deviation added to the RTT after a step
};

struct network_config {
  double rtt_q = 0.2;       ///< process noise, ms^2 per s
  double byte_q_rel = 0.01; ///< share of ms_per_byte, squared, per s
  double rho = 0.08;        ///< scatter as a share of the predicted time
  double jump_byte_rel = 1; ///< same for ms_per_byte, as a share of it
  change_config change;
  double huber = 2.5;
};

/// Linear Kalman filter over x = [rtt ms, ms per byte]; observation y = rtt +
/// ms_per_byte * bytes + v with var v = noise^2 + (rho * predicted)^2. Both
/// states stay non-negative. Not thread safe.
class network_estimator {
public:
  explicit network_estimator(const network_prior& prior = {},
                             const network_config& config = {}) noexcept;

  /// y = L - Q - S - C. Up to 1 ms below zero counts as zero (clock grain);
  /// false if refused.
  /// `doubt_ms`: standard deviation that this observation has besides.
  bool observe(double bytes, double ms, time_point now,
               double doubt_ms = 0) noexcept;
  /// A keep-alive: the RTT alone.
  bool observe_rtt(double ms, time_point now) noexcept;

  double rtt_ms() const noexcept { return rtt_; }
  double ms_per_byte() const noexcept { return byte_; }
  double rtt_var() const noexcept { return p_rr_; }
  double byte_var() const noexcept { return p_bb_; }
  double cov() const noexcept { return p_rb_; }
  double mean(double bytes) const noexcept { return rtt_ + byte_ * bytes; }
  /// Of the mean (epistemic).
  double var(double bytes) const noexcept;
  /// Of one event around the mean.
  double noise(double bytes) const noexcept;
  /// Its two parts: ms^2, and per ms^2 of the mean.
  double fixed_noise() const noexcept {
    return scatter_ * prior_.noise_ms * prior_.noise_ms;
  }
  double share_noise() const noexcept {
    return scatter_ * config_.rho * config_.rho;
  }
  const nis_monitor& nis() const noexcept { return nis_; }
  unsigned long changes() const noexcept { return change_.alarms(); }

  /// After a restart: these means, as uncertain as the prior.
  bool restore(double rtt_ms, double ms_per_byte) noexcept;
  /// Its round trip is about that, nothing else is known: events have told
  /// what was not so.
  void begin_anew(double rtt_ms) noexcept;
  /// As uncertain as after a step.
  void doubt(time_point now) noexcept {
    advance(now);
    jump();
  }
  /// Time passes without an observation.
  void advance(time_point now) noexcept;

private:
  void update(double bytes, double ms, time_point now,
              double doubt_ms) noexcept;
  void jump() noexcept;
  double nominal_noise(double bytes) const noexcept;

  network_prior prior_;
  network_config config_;
  double rtt_, byte_;
  double p_rr_, p_bb_, p_rb_ = 0;
  double scatter_ = 1; ///< true scatter over nominal, for intervals only
  time_point at_{};
  bool started_ = false;
  change_detector change_;
  nis_monitor nis_;
};

} // namespace faas::routing
