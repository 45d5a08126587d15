// How long it takes until a version's bundle is at a node that gets it.
#pragma once

#include "libfaas/routing/cold_start_estimator.hpp"

#include <cstddef>
#include <map>
#include <string>

namespace faas::routing {

/// A bundle on its way to a node, as that node tells it; by its own clock.
struct delivery {
  double got = 0;        ///< bytes that came since it began
  double left = 0;       ///< bytes still to come
  double elapsed_ms = 0; ///< since it began
  bool operator==(const delivery&) const = default;
};

/// A time that is still to pass, ms, and its variance, ms^2.
struct time_left {
  double ms = 0;
  double variance = 0;
};

/// The rates at which bundles come to nodes: log-normal, learned from those
/// that came; a node that got none yet is taken to be like those of its tier
/// that did. Knows at most 1024 nodes; those that come later are not kept. Not
/// thread safe.
class delivery_rates {
public:
  /// A node got that many bytes in that time, ms. False if that tells nothing:
  /// not positive, or too few bytes for a rate.
  bool ended(const std::string& node, const std::string& tier, double bytes,
             double ms);

  /// How long what is left will take. Never less than it takes at the rate at
  /// which it has come so far, so that one that gets nowhere takes longer and
  /// longer; at most 1e7 ms. What makes no sense (negative, not finite) counts as 0.
  time_left left(const std::string& node, const std::string& tier,
                 const delivery& of) const;

  size_t nodes() const noexcept { return nodes_.size(); }

private:
  struct known {
    std::string tier;
    cold_start_estimator ms_per_mib; ///< what it is a log-normal estimate of
  };
  cold_start_estimator expected(const std::string& node,
                                const std::string& tier) const;

  std::map<std::string, known> nodes_;
};

} // namespace faas::routing
