// Policies that keep one latency per site, learned from what came back.
#pragma once

#include "libfaas/routing/policies/by_site.hpp"

#include <array>

namespace faas::routing {

/// What a site's latency is taken to be from those seen.
struct smoothing {
  enum class kind : uint8_t { last, ewma, window } how = kind::ewma;
  double alpha = 0.2;  ///< ewma: weight of the newest
  size_t window = 20;  ///< window: mean of so many, at most 64
  double explore = 0;  ///< share of events that go anywhere
};

/// The site whose learned latency is the least; sites never tried come first.
/// Failed events count as they took, but no less than is usual (failed_ms).
class least_average final : public policy {
public:
  explicit least_average(const smoothing& how) : how_(how) {}
  std::string_view name() const noexcept override;
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  struct seen_of_site {
    double value = 0;
    size_t count = 0;
    std::array<double, 64> last{};
  };
  double score(const prediction& of, site_index site) const noexcept;

  smoothing how_;
  by_site<seen_of_site> sites_;
};

/// Peak-sensitive EWMA with two choices, as in Finagle: a latency above the
/// average replaces it at once, lower ones pull it down with the time constant;
/// it also decays by that when it is looked at. Score: average * (in flight +
/// 1). A site without any answer yet is free to be tried once, then behind all
/// that have answered (100,000 s). A failed event is no lower one.
class peak_ewma final : public policy {
public:
  explicit peak_ewma(double tau_ms = 10'000) : tau_ms_(tau_ms) {}
  std::string_view name() const noexcept override { return "peak-ewma"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  struct cost {
    double ms = 0;
    time_point at{};
  };
  void observe(cost& of, double ms, time_point now) const noexcept;

  double tau_ms_;
  by_site<cost> sites_;
};

/// A Kalman filter per site on the whole latency, its parts not told apart:
/// what decomposing them is compared with. Score: mean + a normal draw of its
/// uncertainty (Kalman-Thompson; Granmo and Berg 2010).
class scalar_kalman final : public policy {
public:
  struct config {
    double q_second = 25; ///< process noise, ms^2 per second
    double noise = 0.3;   ///< standard deviation of one event over its mean
    bool sample = true;
  };
  explicit scalar_kalman(const config& how) : how_(how) {}
  std::string_view name() const noexcept override { return "scalar-kalman"; }
  bool predicts() const noexcept override { return false; }
  pick choose(const decision& so_far, const event_features& event,
              random_source& random, time_point now) noexcept override;
  void ended(const outcome& seen) noexcept override;
  /// Without what has become uncertain since.
  standing rank(const prediction& of, site_index site,
                const event_features& event,
                random_source& random) const noexcept override;

private:
  double score(const prediction& of, site_index site, random_source& random,
               time_point now) const noexcept;

  struct belief {
    double mean = 0, var = 0;
    time_point at{};
    bool started = false;
  };
  config how_;
  by_site<belief> sites_;
};

} // namespace faas::routing
