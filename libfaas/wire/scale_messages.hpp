// What two nodes say to each other of instances. Part of messages.hpp.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <cstdint>
#include <vector>

namespace faas::wire {

/// Instances per node that were asked for by request.
struct scale_wish {
  uint32_t asked = 0; ///< one more than the instances; 0: nothing was
  uint64_t since = 0; ///< the revision that brought it
  bool operator==(const scale_wish&) const = default;
};

/// How busy one version is on the node that says so.
struct version_load {
  version_ref version;
  double rate = 0;    ///< arrivals per second
  duration service{}; ///< mean; zero: not known
  uint32_t busy = 0;  ///< waiting and running
  uint32_t instances = 0;
  uint32_t slots = 0; ///< instances that it can have
  bool operator==(const version_load&) const = default;
};
/// Node to controller, each second: versions with events that may go. A node
/// that does not know it ignores it.
struct loads {
  std::vector<version_load> versions;
  bool operator==(const loads&) const = default;
};

} // namespace faas::wire
