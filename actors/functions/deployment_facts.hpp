// What a node says of a version that is being brought to it, as facts of its
// placement: nodes that do not know them pass over them, and say nothing so.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/manifest/function_spec.hpp"
#include "libfaas/routing/delivery_rates.hpp"

#include <optional>

namespace faas::actors {

/// As a node says it, on its own clock.
struct deployment_said {
  routing::delivery pull;
  std::optional<double> loading_ms; ///< its files are there; loaded since so long
  bool operator==(const deployment_said&) const = default;
};

/// Empty: nothing that can be true is said of it.
std::optional<deployment_said> deployment_in(const string_map& facts);
/// The bundle came by a pull that has ended: its bytes and time.
std::optional<routing::delivery> pull_in(const string_map& facts);

/// In place of what was said before.
void say_pull(string_map& facts, const routing::delivery& pull);
void say_loading(string_map& facts, duration since);
void forget_deployment(string_map& facts);

} // namespace faas::actors
