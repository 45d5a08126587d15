// Which bundles may run native code here, and how.
#pragma once

#include "libfaas/ports/function_host.hpp"

#include <set>

namespace faas::host {

/// What the node's configuration trusts.
struct trust_policy {
  std::set<digest> digests;
  bool trust_all = false; ///< development: whatever is deployed
  /// Why this node cannot sandbox its worker processes; empty: it can.
  std::string unsandboxed = {};
  /// Bundles that nobody trusts may run in workers without a sandbox.
  bool accept_unsandboxed = false;
};

/// How a version will run here, or errc::forbidden with what to change. A torch
/// bundle of TorchScript is data and needs no trust; it always runs on
/// executors. Everything else is native code: in a sandboxed worker process it
/// needs no trust, in this process it does.
result<trust_mode> admit(const trust_policy& policy, const function_spec& spec,
                         const digest& bundle);

} // namespace faas::host
