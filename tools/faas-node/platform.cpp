#include "tools/faas-node/platform.hpp"

#include <algorithm>
#include <cctype>

#include <sys/auxv.h>
#include <sys/utsname.h>

namespace faas::node {
namespace {

std::string level() {
#if defined(__x86_64__)
  // The features of the levels, x86-64 psABI, section 3.1.1.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512cd")
      && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512vl"))
    return "x86-64-v4";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")
      && __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("fma")
      && __builtin_cpu_supports("f16c") && __builtin_cpu_supports("lzcnt")
      && __builtin_cpu_supports("movbe"))
    return "x86-64-v3";
  if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))
    return "x86-64-v2";
  return "x86-64";
#elif defined(__aarch64__)
  constexpr unsigned long atomics = 1u << 8; // HWCAP_ATOMICS
  return (::getauxval(AT_HWCAP) & atomics) != 0 ? "armv8.1-a" : "armv8-a";
#else
  return {};
#endif
}

} // namespace

machine_platform this_machine() {
  utsname found{};
  ::uname(&found);
  machine_platform made{found.sysname, found.machine, level()};
  std::transform(made.os.begin(), made.os.end(), made.os.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return made;
}

} // namespace faas::node
