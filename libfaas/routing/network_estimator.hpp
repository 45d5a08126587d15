// Round-trip time of one link, and its time per byte in each direction.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/innovation.hpp"
#include "libfaas/routing/way_bytes.hpp"

#include <array>

namespace faas::routing {

struct network_prior {
  double rtt_ms = 20;
  double rtt_sd = 20;
  double ms_per_byte = 8e-5; ///< 100 Mbit/s, in either direction
  double byte_sd = 4e-4;
  double noise_ms = 1; ///< scatter that does not grow with the time
  double jump_ms = 30; ///< standard deviation added to the RTT after a step
};

struct network_config {
  double rtt_q = 0.2;       ///< process noise, ms^2 per s
  double byte_q_rel = 0.01; ///< share of a time per byte, squared, per s
  double rho = 0.08;        ///< scatter as a share of the predicted time
  double jump_byte_rel = 1; ///< of a time per byte after a step, as a share of it
  /// Correlation of the two times per byte that nothing has told apart: what
  /// one direction teaches is the best guess for the other.
  double alike = 0.9;
  change_config change;
  double huber = 2.5;
};

/// Linear Kalman filter over x = [rtt ms, ms per byte up, ms per byte down];
/// observation y = rtt + up * request bytes + down * reply bytes + v with var v =
/// noise^2 + (rho * predicted)^2. No state gets below zero. Not thread safe.
class network_estimator {
public:
  explicit network_estimator(const network_prior& prior = {},
                             const network_config& config = {}) noexcept;

  /// y = L - Q - S - C. Up to 1 ms below zero counts as zero (clock grain);
  /// false if refused.
  /// `doubt_ms`: standard deviation that this observation has besides.
  bool observe(way_bytes bytes, double ms, time_point now,
               double doubt_ms = 0) noexcept;
  /// A keep-alive: the RTT alone.
  bool observe_rtt(double ms, time_point now) noexcept;

  double rtt_ms() const noexcept { return x_[0]; }
  double up_ms_per_byte() const noexcept { return x_[1]; }
  double down_ms_per_byte() const noexcept { return x_[2]; }
  /// Covariance of two of rtt (0), up (1) and down (2).
  double covariance(int i, int j) const noexcept { return p_[i][j]; }
  double mean(way_bytes bytes) const noexcept {
    return x_[0] + carry_ms(bytes);
  }
  /// What the bytes take of it.
  double carry_ms(way_bytes bytes) const noexcept {
    return x_[1] * bytes.up + x_[2] * bytes.down;
  }
  /// Of the mean (epistemic).
  double var(way_bytes bytes) const noexcept;
  /// Of one event around the mean.
  double noise(way_bytes bytes) const noexcept;
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
  bool restore(double rtt_ms, double up, double down) noexcept;
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
  void update(way_bytes bytes, double ms, time_point now,
              double doubt_ms) noexcept;
  std::array<double, 3> gain(way_bytes bytes) const noexcept;
  void jump() noexcept;
  void as_prior() noexcept;
  void widen(double rtt, double up, double down) noexcept;
  void keep_sound() noexcept;
  double scale_of(int direction) const noexcept;
  double nominal_noise(way_bytes bytes) const noexcept;

  network_prior prior_;
  network_config config_;
  std::array<double, 3> x_;
  std::array<std::array<double, 3>, 3> p_{};
  double scatter_ = 1; ///< true scatter over nominal, for intervals only
  time_point at_{};
  bool started_ = false;
  change_detector change_;
  nis_monitor nis_;
};

} // namespace faas::routing
