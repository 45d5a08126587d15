// How a router asks a site how busy it is. Part of messages.hpp.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <cstdint>

namespace faas::wire {

/// A node that does not know it ignores it: there is no answer then.
struct probe {
  uint64_t number = 0; ///< returns in the answer
  version_ref version;
  bool operator==(const probe&) const = default;
};
struct probe_answer {
  uint64_t number = 0;
  bool runs = false;   ///< that version runs there
  uint32_t inside = 0; ///< its events there, waiting and running
  duration lately{};   ///< what events took that found about as many
  bool operator==(const probe_answer&) const = default;
};

} // namespace faas::wire
