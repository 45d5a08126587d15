// All policies by name, with their parameters.
#pragma once

#include "libfaas/core/result.hpp"
#include "libfaas/routing/decision.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace faas::routing {

/// A number that a policy can be given, with its bounds (included).
struct policy_parameter {
  std::string_view name;
  double standard = 0, least = 0, most = 0;
  std::string_view what;
};

/// A policy that a function can have.
struct policy_entry {
  std::string_view name;
  std::string_view what; ///< in a few words
  std::span<const policy_parameter> parameters;
  /// `values` in the order of `parameters`.
  std::unique_ptr<policy> (*make)(std::span<const double> values,
                                  site_index site);
};

/// In the order in which people should read them.
std::span<const policy_entry> policy_catalog() noexcept;

/// By text: a name, then parameters if any, "ewma:alpha=0.3,explore=0.02".
/// `site` is for "static". errc::invalid_argument, with what is allowed, for
/// anything else.
result<std::unique_ptr<policy>> make_policy(std::string_view text,
                                            site_index site = no_site);

} // namespace faas::routing
