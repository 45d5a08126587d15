// What sandbox_abuser can do. Each returns 0 when it succeeded, else the errno
// of what was refused. Facts of the test's world come by environment.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <span>

namespace abuser {

struct abuse {
  const char* name;
  int (*act)();
};

std::span<const abuse> on_files();
std::span<const abuse> on_processes();
std::span<const abuse> on_resources();
std::span<const abuse> on_networks();
std::span<const abuse> on_kernel();

/// errno where `done` is negative.
inline int outcome(long done) {
  return done < 0 ? errno : 0;
}
inline const char* fact(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
}

} // namespace abuser
