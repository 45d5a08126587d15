// What other policies would have chosen on logged predictions.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/decisions/off_policy.hpp"
#include "libfaas/decisions/record.hpp"
#include "libfaas/routing/policies/catalog.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace faas::decisions {

/// Asks copies of one policy for each logged decision, in the order of the log,
/// with the predictions that were logged. A policy that draws lots is asked
/// several times, each time a copy with lots of its own: the share of them that
/// chose as logged estimates its probability without bias. Each function
/// version has policy objects of its own, as in a gateway loop.
class policy_replay {
public:
  /// "min-latency", "random", ... or "static:SITE". errc::invalid_argument.
  static result<policy_replay> make(std::string_view policy, uint64_t seed = 1,
                                    int copies = 8);

  /// Events that did not run (refused, lost) or had no candidate are counted
  /// only; one that timed out counts with the time until then.
  void add(const record& one);

  const std::vector<logged_choice>& choices() const noexcept {
    return choices_;
  }
  const std::string& policy() const noexcept { return policy_; }
  uint64_t not_run() const noexcept { return not_run_; }
  uint64_t timed_out() const noexcept { return timed_out_; }
  /// Decisions that the policy would have made for no site.
  uint64_t refused() const noexcept { return refused_; }

private:
  struct copy {
    std::unique_ptr<routing::policy> rule;
    random_source random;
  };

  policy_replay(std::string policy, uint64_t seed, int copies);
  std::vector<copy>& copies_for(const context& of);
  routing::site_index index_of(const std::string& site);

  std::string policy_;
  std::string fixed_; ///< site of a static policy
  uint64_t seed_;
  int copies_;
  std::map<std::pair<std::string, uint32_t>, std::vector<copy>> rules_;
  std::map<std::string, routing::site_index> sites_;
  std::vector<logged_choice> choices_;
  uint64_t not_run_ = 0, timed_out_ = 0, refused_ = 0;
};

} // namespace faas::decisions
