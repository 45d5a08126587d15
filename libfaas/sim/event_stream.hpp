// The events of one function at one gateway, drawn one after the other.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/sim/draw.hpp"

#include <memory>
#include <optional>

namespace faas::sim {

/// Draws from a source of randomness of its own, so that every policy meets the
/// same events. `law` must outlive it.
class event_stream {
public:
  event_stream(const traffic& about, const function_law& law, uint64_t seed);

  /// When the next event comes, ms; infinity: none any more.
  double next();
  /// See arrivals::per_second.
  std::optional<double> per_second(double now) const {
    return source_ ? source_->per_second(now) : std::nullopt;
  }
  /// What the event is that comes now.
  draw make(double now);

private:
  draw make_given();

  size_t function_, gateway_, only_;
  const function_law* law_;
  double mean_spread_, mean_factor_, mean_noise_; ///< of service times
  const given_events* given_; ///< null: drawn
  size_t at_ = 0;             ///< the next one of them
  std::unique_ptr<arrivals> source_;
  random_source random_;
};

/// The mean factor of service times, outliers included.
double mean_noise(const function_law& of) noexcept;

/// Of stream `index` in a run with that seed.
inline uint64_t stream_seed(uint64_t run, size_t index) noexcept {
  return run * 1000003 + index;
}

/// What a second start of that event meets (hedging): what is the event's own
/// stays, outliers and the way's luck are of the place, and drawn again.
draw second_start(draw event, const function_law& law, random_source& random);

} // namespace faas::sim
