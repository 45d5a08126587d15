// Waiting of replies in front of a link, seen from one router.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace faas::routing {

/// One router's replies on their way back over one link, in the order in which
/// they are ready for it at the site: how long those before the next one will
/// keep it busy, by when they are expected, the link's estimated rate, and those
/// that have come. Times are ms on the clock of time_point, at the site's end of
/// the link. Not thread safe: see shared_link_load.
class reply_load {
public:
  /// Of one event that was sent.
  struct plan {
    double ready_ms = 0; ///< when its reply is expected to be ready
    double carry_ms = 0; ///< how long its bytes are expected to take
    /// Replies that take less are in nobody's way.
    bool counts() const noexcept { return carry_ms >= 0.02; }
  };

  void expect(const plan& one);
  /// It has crossed at `now_ms`; of its way, `way_ms` were its own bytes and those
  /// ahead of them. How long it waited for these, by when the last of them had
  /// crossed. No longer than they take at a quarter of the believed rate: what is
  /// beyond is no wait, but a longer way.
  double came(const plan& one, double way_ms, double now_ms);
  /// It will not come.
  void gone(const plan& one);

  /// When the last one that is expected will have crossed; may have passed.
  double free_ms() const noexcept { return free_ms_; }
  /// What all that are expected will take. One that is ready before the last of
  /// them waits no longer than that.
  double ahead_ms() const noexcept { return ahead_ms_; }

private:
  bool remove(const plan& one);
  void reckon() noexcept;

  /// Looked at one by one; further ones only by their sum.
  static constexpr size_t most = 128;

  std::vector<plan> open_; ///< by when they are ready
  double over_ms_ = 0; ///< when the last one that came had crossed
  double run_ms_ = 0;  ///< what those took that came one upon the other until then
  double free_ms_ = 0, ahead_ms_ = 0;
  uint32_t beyond_ = 0;
  double beyond_ms_ = 0;
};

} // namespace faas::routing
