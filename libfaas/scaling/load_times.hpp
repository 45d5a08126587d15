// How long a function takes to load, for a prewarm that must be over in time.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/cold_start_estimator.hpp"

#include <cstdint>

namespace faas::scaling {

/// The estimate that routers have of a load, of this node's own loads: one that
/// is stuck moves it little, two in a row are believed. Not thread safe.
class load_times {
public:
  /// `count` loads were measured so far, the last of which took `took`. False if
  /// that was told before, or is not known (zero). Of several since the last
  /// call that one counts. The first of all, the deployment's, only stands in
  /// until there is another: not all it does is done again.
  bool note(uint64_t count, duration took) noexcept;

  /// An event found it in memory, since it stays there: loads that were slow are
  /// forgiven by and by.
  void not_loaded() noexcept;

  /// As long a half of the loads take at most; zero before the first one.
  duration usual() const noexcept;
  /// By which 19 of 20 loads exceed `usual` at most, as far as they have told;
  /// zero before the first one.
  duration spare() const noexcept;

private:
  routing::cold_start_estimator seen_;
  uint64_t count_ = 0;
};

} // namespace faas::scaling
