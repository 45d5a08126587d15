// The nodes' predictor and policy, fed with drawn batches in place of events.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/predictor.hpp"
#include "tools/stoic-draws/draws.hpp"

#include <memory>
#include <string>

namespace faas::stoic {

struct player_options {
  std::string policy = "min-latency";
  /// What a node says beside its answers: how long each load took, and that
  /// the function has left its memory.
  bool facts = true;
  uint64_t seed = 1;
  routing::predictor_config predictor = {};
};

/// One world, one batch after the other. Time stands between two batches for
/// 0.1 s; a second of the batch is 20 ms, as in `tools/experiments stoic-live`.
class draw_player {
public:
  /// errc::invalid_argument: no such policy.
  static result<draw_player> make(const player_options& options);

  /// Every site deploys the function once.
  void deploy(const drawn_batch& batch);
  /// The batch is run; where.
  size_t play(const drawn_batch& batch);

private:
  draw_player(const player_options& options,
              std::unique_ptr<routing::policy> rule);

  size_t choose(const drawn_batch& batch);
  void run_at(size_t site, const drawn_batch& batch);
  void tell(size_t site, double load_ms);

  bool facts_;
  random_source random_;
  std::unique_ptr<routing::policy> rule_;
  routing::predictor predictor_;
  routing::function_index function_{};
  std::array<routing::site_index, draw_sites.size()> sites_{};
  std::array<std::shared_ptr<const routing::estimate_cell>, draw_sites.size()>
    cells_;
  routing::prediction expected_{};
  size_t left_ = draw_sites.size(); ///< site whose unloading is not told yet
  time_point now_ = time_point{} + std::chrono::hours{1};
};

} // namespace faas::stoic
