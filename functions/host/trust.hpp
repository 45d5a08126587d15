// Which bundles may run native code in this process.
#pragma once

#include "libfaas/ports/function_host.hpp"

#include <set>

namespace faas::host {

/// What the node's configuration trusts.
struct trust_policy {
  std::set<digest> digests;
  bool trust_all = false; ///< development: whatever is deployed
};

/// How a version will run here, or errc::forbidden with what to change. A torch
/// bundle of TorchScript is data and needs no trust; it always runs on
/// executors. Everything else is native code.
result<trust_mode> admit(const trust_policy& policy, const function_spec& spec,
                         const digest& bundle);

} // namespace faas::host
