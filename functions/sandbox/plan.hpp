// From a plan to what petrel-init is told.
#pragma once

#include "functions/sandbox/order.hpp"
#include "functions/sandbox/sandbox.hpp"

#include <optional>
#include <string_view>
#include <unistd.h>

namespace faas::sandbox {

/// Plans that can work nowhere. errc::invalid_argument.
result<void> check(const plan& what);

/// Fills in the parts of the order that make the sandbox. `address_space`: of
/// each process where no cgroup bounds the memory, else 0. errc::unavailable,
/// errc::invalid_argument.
result<void> apply(const plan& what, uint64_t address_space, order& out);

/// Workers get the user ids from here on, each plus its pid, so that no two
/// that live share one. 0: the node may not choose (`user` is not root, or the
/// ids are not in `uid_map`, the text of /proc/self/uid_map).
uint32_t first_outer_uid(uid_t user, std::string_view uid_map);
uint32_t first_outer_uid(); ///< of this process

} // namespace faas::sandbox
