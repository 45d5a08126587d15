// Whether the code of a version is in memory, and what is under way about it.
#pragma once

#include "functions/host/process_memory.hpp"
#include "libfaas/core/error.hpp"
#include "libfaas/ports/runtime.hpp"
#include "libfaas/scaling/limits.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace faas::host {

/// A module and its first instances, which go before it.
struct loaded_parts {
  std::unique_ptr<function_module> module;
  std::vector<std::unique_ptr<function_instance>> instances;
};

/// Guarded by its host's mutex. At most one job about instances or memory is
/// under way at a time.
struct memory_state {
  enum class where : uint8_t { in, leaving, out, coming };
  where now = where::in;
  bool job = false;
  uint64_t number = 0; ///< of the load; a late one finds another
  /// After a load that failed: why, and when it is tried again.
  std::optional<error> failure;
  time_point retry_at{};
  duration pause{};
  time_point no_more_before{}; ///< after an instance that could not be made
  time_point ticked{}; ///< latest time that a tick was given
  time_point left_at{};
  duration load_time{}; ///< that the last load took, with its instances
  duration first_load{}; ///< the same of the deployment's
  uint64_t measured = 0; ///< loads whose time was one of these two
  bool inquiry = false; ///< the load under way is for its own sake
  uint64_t unloads = 0, loads = 0, failed_loads = 0;
  /// For facts(): what was told, and when.
  string_map told;
  time_point told_at{};
  memory_use use; ///< of its worker processes
  time_point weighed_at{};
  uint32_t weighed = 0; ///< instances then
  time_point tell_soon{}; ///< until then changes are told with the next tick
};

} // namespace faas::host
