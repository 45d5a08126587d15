// How many events of a function a node runs at once.
#pragma once

#include "libfaas/manifest/function_spec.hpp"

#include <algorithm>
#include <cstdint>

namespace faas::actors {

/// In-process calls share the node's executor threads; worker processes have no
/// other bound than the function's own concurrency.
inline uint32_t servers_of(const petrel_spec& spec,
                           uint32_t executors) noexcept {
  return spec.mode == trust_mode::isolated
           ? spec.concurrency
           : std::min(spec.concurrency, std::max<uint32_t>(executors, 1));
}

} // namespace faas::actors
