// How many events of a function a node runs at once, and whose those servers are.
#pragma once

#include "libfaas/manifest/running_mode.hpp"
#include "libfaas/ports/function_host.hpp"

#include <algorithm>
#include <cstdint>

namespace faas::actors {

/// In-process calls share the node's executor threads, and those in worker
/// processes the threads that wait for them: the function has as many servers as
/// it may have instances, if there are so many threads.
inline uint32_t servers_of(const petrel_spec& spec,
                           const host_threads& threads) noexcept {
  const auto bound = running_mode(spec) == trust_mode::isolated ? threads.waiting
                                                                : threads.executors;
  return std::min(spec.concurrency, std::max<uint32_t>(bound, 1));
}

/// Whether they are no other function's, as for worker processes, and where the
/// function's instances and not the node's threads are the bound.
inline bool has_own_queue(const petrel_spec& spec, uint32_t servers,
                          uint32_t executors) noexcept {
  return running_mode(spec) == trust_mode::isolated || servers != executors;
}

} // namespace faas::actors
