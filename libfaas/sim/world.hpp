// A run of a scenario: gateways with real predictors and policies, in virtual
// time.
#pragma once

#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/predictor.hpp"
#include "libfaas/sim/scenario.hpp"

#include <memory>
#include <vector>

namespace faas::sim {

struct draw;

/// What became of one event.
struct record {
  double sent = 0, latency_ms = 0;
  double service_ms = 0, queue_ms = 0, cold_ms = 0;
  uint32_t site = 0, best = 0; ///< chosen; the clairvoyant's choice
  uint32_t gateway = 0;
  uint32_t function = 0;
  uint32_t again = 0; ///< times that it was sent again, its site being lost
  bool twice = false; ///< a second site was started for it (hedging)
  double wasted_ms = 0; ///< of service and loading, by the start that was beaten
  /// Expected latency at the chosen site beyond that at the best, by the true
  /// state when it was sent: the myopic clairvoyant's regret.
  double regret_ms = 0;
  double best_ms = 0; ///< expected at the best site
  double predicted_ms = 0, predicted_sd = 0;
  double promised_ms = 0; ///< 0: nothing was
  double reach_ms = 0;    ///< half of the 90 % interval
  double deadline_ms = 0; ///< after it was sent; 0: none
  double price = 0, joule = 0; ///< of the work, at the site's rates
  routing::reason why = routing::reason::best;
  bool refused = false; ///< by the policy: no latency, no site
  bool dropped = false; ///< by the site, being late: not served
  bool lighter = false; ///< a lighter function had it
  bool answered() const noexcept { return !refused && !dropped; }
  bool in_time() const noexcept {
    return answered() && (deadline_ms <= 0 || latency_ms <= deadline_ms);
  }
};

/// How a run chooses. `learned`: by a policy over what predictors have learned;
/// the others know the world.
enum class chooser : uint8_t {
  learned,
  informed,    ///< knows every law, but not the draws; greedy, too
  farsighted,  ///< the same, and minds what an event makes later ones wait
  clairvoyant  ///< knows the draws, too; greedy ("myopic")
};

/// Makes a gateway's policy for a function. `sites`: their indices, by position.
using policy_maker = std::function<std::unique_ptr<routing::policy>(
  const std::vector<routing::site_index>& sites)>;

/// Told of each event when it is answered, with how its site was chosen (of the
/// last try; `made` is empty unless policies choose). Also in the warm-up.
using watcher = std::function<void(const record& seen, const draw& event,
                                   const routing::decision& made)>;

struct run_options {
  uint64_t seed = 1;
  chooser by = chooser::learned;
  policy_maker policy; ///< with chooser::learned
  /// Predict and learn with policies that do not look at it, too.
  bool always_predict = false;
  bool probes = true;  ///< of sites, as the scenario says
  double keep_ms = 0;  ///< what the predictor takes for it; 0: as it is
  routing::predictor_config predictor;
  watcher watch; ///< may be empty
};

/// Plays the scenario to its end. Arrivals, sizes and noise depend on the seed
/// alone, so that runs with different choosers are paired. Events within the
/// warm-up are left out.
std::vector<record> run(const scenario& what, const run_options& how);

} // namespace faas::sim
