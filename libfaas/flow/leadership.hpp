// When a controller asks for the lease, renews it, and must stop leading.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/ports/lease.hpp"

#include <algorithm>
#include <optional>

namespace faas {

/// Pure: told what was asked and answered, it says what to do next. All times
/// are of this machine's monotonic clock; the store's clock may run faster, so
/// the term ends `margin` before the lease does. A process that was stopped
/// finds its term over by its own clock; what it had already sent is refused by
/// the store (fencing). Not thread safe.
class leadership {
public:
  struct options {
    duration ttl = std::chrono::seconds{3};
    /// Between renewals. Two may fail before the term ends.
    duration renew_every = std::chrono::milliseconds{800};
    /// Between attempts of a standby, with jitter up to as much again.
    duration ask_every = std::chrono::milliseconds{400};
    duration margin = std::chrono::milliseconds{300};
  };
  enum class step : uint8_t { wait, acquire, renew };

  explicit leadership(options with) : options_(with) {}

  /// What to do now. A leader whose term is over is to acquire, after the
  /// caller has seen from leads() that it must step down.
  step due(time_point now) const noexcept {
    if (now < next_)
      return step::wait;
    return leads(now) ? step::renew : step::acquire;
  }
  /// When due() is to be asked again.
  time_point next() const noexcept {
    return held_ ? std::min(next_, end_) : next_;
  }
  /// Whether commits may be made. False as soon as another may lead.
  bool leads(time_point now) const noexcept { return held_ && now < end_; }
  /// The lease while it may be used; token 0 otherwise.
  lease held(time_point now) const { return leads(now) ? *held_ : lease{}; }
  const options& terms() const noexcept { return options_; }

  /// The lease was granted to what was asked at `asked`: the term counts from
  /// there, because the answer may have taken long.
  void granted(time_point asked, lease given) {
    held_ = std::move(given);
    end_ = asked + options_.ttl - options_.margin;
    next_ = asked + options_.renew_every;
  }
  void renewed(time_point asked) {
    end_ = asked + options_.ttl - options_.margin;
    next_ = asked + options_.renew_every;
  }
  /// Another has it for at most `left`: asks again then, or earlier, since it
  /// may be released.
  void refused(time_point now, duration left, random_source& random) {
    held_.reset();
    const auto pause = std::chrono::duration_cast<duration>(
      options_.ask_every * (1 + random.uniform()));
    next_ = now + std::min(pause, std::max(left, options_.ask_every / 4));
  }
  /// No answer. A leader goes on until its term ends.
  void failed(time_point now) noexcept { next_ = now + options_.ask_every; }
  /// The store says that the lease is another's, or it was given back.
  void lost(time_point now) noexcept {
    held_.reset();
    next_ = now;
  }

private:
  options options_;
  std::optional<lease> held_;
  time_point end_{};
  time_point next_{};
};

} // namespace faas
