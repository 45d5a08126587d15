// The system calls that a worker may make.
#pragma once

#include "libfaas/core/result.hpp"

#include <span>
#include <string>

namespace faas::sandbox {

/// Two BPF programs for seccomp; the stricter answer of the two counts.
struct filters {
  /// Known good calls pass; known bad ones fail with EPERM; what this list has
  /// not heard of fails with ENOSYS, so that programs use what came before.
  std::string calls;
  /// Looks at arguments: no new namespaces, no typing into terminals.
  std::string arguments;
};

/// errc::unavailable where this system has no seccomp filters.
result<filters> make_filters();

std::span<const char* const> allowed_calls() noexcept;
std::span<const char* const> refused_calls() noexcept;

} // namespace faas::sandbox
