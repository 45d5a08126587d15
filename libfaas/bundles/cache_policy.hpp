// What a node drops first from its cache of bundles.
#pragma once

#include "libfaas/ports/bundle_store.hpp"

#include <map>
#include <set>
#include <vector>

namespace faas::bundles {

/// GreedyDual-Size with frequency: a bundle's credit is
///   inflation + uses * cost of getting it again / bytes,
/// set when it is used; the one with the least credit goes first, and its
/// credit becomes the inflation, so that what was used long ago ages. (Cao and
/// Irani, "Cost-Aware WWW Proxy Caching Algorithms", USITS 1997; frequency:
/// Cherkasova, HPL-98-69R1, 1998.) Cost is the time of the last pull, or for
/// bundles that it has not seen coming their bytes at `assumed_rate`. In memory:
/// after a restart all begin with one use. Pure; not thread safe.
class cache_policy {
public:
  /// Bytes per second: a slow uplink.
  static constexpr double assumed_rate = 1.25e6;

  /// It was pulled, which took that long.
  void pulled(const digest& id, duration took);
  /// A function starts from it.
  void used(const stored_bundle& bundle);
  void removed(const digest& id);
  /// What to remove so that `need` more bytes stay within `bound` bytes: never
  /// what is pinned. errc::storage_full when that does not suffice (then
  /// nothing is to be removed). bound 0: no bound.
  result<std::vector<digest>> victims(const std::vector<stored_bundle>& all,
                                      const std::set<digest>& pinned,
                                      uint64_t need, uint64_t bound);

private:
  struct entry {
    double cost_s = 0; ///< 0: not known
    double uses = 0;
    double credit = 0;
  };
  entry& known(const stored_bundle& bundle);
  double worth(const entry& one, const stored_bundle& bundle) const;

  std::map<digest, entry> entries_;
  double inflation_ = 0;
};

} // namespace faas::bundles
