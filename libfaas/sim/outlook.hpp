// What those who know the world expect of each site.
#pragma once

#include "libfaas/sim/foresight.hpp"
#include "libfaas/sim/stage.hpp"

#include <limits>
#include <vector>

namespace faas::sim {

/// Expected latencies of one event, by site. `on` must outlive it. Thread rule:
/// one owner.
class outlook {
public:
  static constexpr double never = std::numeric_limits<double>::infinity();

  explicit outlook(stage& on) : on_(on), expected_(on.sites.size()) {}

  /// Of an event that is sent now, for the clairvoyant. False: no gateway takes
  /// any site to be there. A site that has crashed, unnoticed, costs its
  /// silence; one that is known to be gone is out of question.
  bool look(const draw& event, double now);
  /// The clairvoyant's choice; with all silent the first that is taken to be
  /// there.
  uint32_t best() const noexcept { return best_; }
  /// Latency there, and what the chosen site takes beyond it; 0 where it is not
  /// known.
  double best_ms() const noexcept { return or_none(expected_[best_]); }
  double regret_ms(uint32_t site) const noexcept {
    return expected_[site] < never ? expected_[site] - best_ms() : 0;
  }
  /// The choice of who knows the laws only, and adds what `minds` says of later
  /// events (null: nothing); best() if none is there.
  uint32_t informed_best(const draw& event, double now,
                         const foresight* minds = nullptr) const;

private:
  static double or_none(double ms) noexcept { return ms < never ? ms : 0; }

  stage& on_;
  std::vector<double> expected_;
  uint32_t best_ = 0;
};

} // namespace faas::sim
