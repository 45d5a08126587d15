// Policies that go through a record, batch by batch, forward in time.
#pragma once

#include "libfaas/batches/hedging.hpp"
#include "libfaas/batches/selector.hpp"
#include "tools/stoic-replay/record.hpp"

#include <memory>

namespace faas::stoic {

/// What a policy learns from a batch that is over.
enum class feedback_kind {
  full,          ///< what was published of all runtimes, and the best label
  full_no_label, ///< the same without the label
  bandit         ///< what was published of the runtime that it chose
};

/// What came of one batch.
struct played {
  size_t chosen = 0;             ///< hedging: the runtime that answered
  std::optional<double> total_s; ///< empty: not known
  double extra_s = 0;         ///< seconds that other runtimes ran or deployed
  double extra_process_s = 0; ///< of these, not deploying
};

/// One way to place batches. It sees a batch's size, and its outcome only
/// after it has chosen; a hedging one also sees which deployments are through
/// while time goes on.
class player {
public:
  virtual ~player() = default;
  virtual played play(const measured_batch& one) = 0;
  virtual void learn(const measured_batch& one, size_t chosen) = 0;
};

/// What is to be learned from `one`.
batches::feedback feedback_of(const measured_batch& one, feedback_kind kind,
                              size_t chosen);

/// A selector, run to the end.
std::unique_ptr<player> play_selector(std::unique_ptr<batches::selector> of,
                                      feedback_kind kind);
/// Always the same runtime.
std::unique_ptr<player> play_fixed(size_t runtime);
/// By a rule that looks at the record itself: oracle, worst, the authors.
std::unique_ptr<player> play_known(size_t (*rule)(const measured_batch&));

/// STOIC's Duplicator on edge and one accelerator; predictions as STOIC's
/// Selector has them.
std::unique_ptr<player>
play_duplicator(const std::vector<batches::runtime_spec>& runtimes,
                size_t accelerator, batches::stoic_config config);

/// Petrel's hedging: choose_set() at the start, at each finished deployment and
/// each few seconds; the first that is done answers, the others are cancelled.
std::unique_ptr<player>
play_hedge(const std::vector<batches::runtime_spec>& runtimes,
           const batches::petrel_config& config,
           const batches::hedge_config& hedge);

/// All batches in turn; `whole` (may be the same) has the outcomes to score by,
/// `seen` those to learn from.
std::vector<played> play_all(player& by, const record& whole,
                             const record& seen);

} // namespace faas::stoic
