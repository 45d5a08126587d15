#include "libfaas/bundles/cache_policy.hpp"

#include "libfaas/core/limits.hpp"

#include <algorithm>

namespace faas::bundles {

void cache_policy::pulled(const digest& id, duration took) {
  entries_[id].cost_s = std::max(1e-3, to_ms(took) / 1e3);
}

double cache_policy::worth(const entry& one,
                           const stored_bundle& bundle) const {
  const auto bytes = static_cast<double>(std::max<uint64_t>(1, bundle.bytes()));
  const auto cost = one.cost_s > 0
                      ? one.cost_s
                      : static_cast<double>(bundle.packed) / assumed_rate;
  return inflation_ + one.uses * cost / bytes;
}

cache_policy::entry& cache_policy::known(const stored_bundle& bundle) {
  auto& one = entries_[bundle.id];
  if (one.uses == 0) {
    one.uses = 1;
    one.credit = worth(one, bundle);
  }
  return one;
}

void cache_policy::used(const stored_bundle& bundle) {
  auto& one = entries_[bundle.id];
  one.uses += 1;
  one.credit = worth(one, bundle);
}

void cache_policy::removed(const digest& id) {
  entries_.erase(id);
}

result<std::vector<digest>>
cache_policy::victims(const std::vector<stored_bundle>& all,
                      const std::set<digest>& pinned, uint64_t need,
                      uint64_t bound) {
  std::vector<digest> chosen;
  uint64_t bytes = need, held = 0;
  std::vector<std::pair<double, const stored_bundle*>> order;
  for (const auto& bundle : all) {
    bytes += bundle.bytes();
    if (pinned.contains(bundle.id))
      held += bundle.bytes();
    else
      order.emplace_back(known(bundle).credit, &bundle);
  }
  if (bound == 0 || bytes <= bound)
    return chosen;
  if (held + need > bound)
    return error{errc::storage_full,
                 "bundles.cache allows " + std::to_string(bound / limits::mib)
                   + " MiB, but what this node runs and "
                     "gets needs "
                   + std::to_string((held + need) / limits::mib + 1) + " MiB",
                 "raise bundles.cache on this node, or give it fewer "
                 "functions (needs in the manifest)"};
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return std::pair{a.first, a.second->id} < std::pair{b.first, b.second->id};
  });
  for (const auto& [credit, bundle] : order) {
    if (bytes <= bound)
      break;
    chosen.push_back(bundle->id);
    bytes -= bundle->bytes();
    inflation_ = std::max(inflation_, credit);
  }
  return chosen;
}

} // namespace faas::bundles
