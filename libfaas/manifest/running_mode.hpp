// How a version runs, which is not always what its manifest asks for.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

namespace faas {

/// On each node: programs in processes of their own, models on the node's executor
/// threads, and all else as `petrel.mode` says. Whether a node admits it is for
/// that node's trust to say.
constexpr trust_mode running_mode(runtime_kind runtime,
                                  trust_mode wanted) noexcept {
  switch (runtime) {
  case runtime_kind::process:
    return trust_mode::isolated;
  case runtime_kind::torch:
    return trust_mode::threads;
  default:
    return wanted;
  }
}
inline trust_mode running_mode(const petrel_spec& spec) noexcept {
  return running_mode(spec.runtime, spec.mode);
}

} // namespace faas
