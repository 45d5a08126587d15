// What a manifest says about the program of a process function.
#pragma once

#include "libfaas/manifest/check.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas {

namespace spec_limits {
inline constexpr size_t command_words = 256;
inline constexpr size_t command_bytes = 32 * 1024;
inline constexpr uint32_t processes = 64;
} // namespace spec_limits

/// The words of the program: petrel.command, else OpenFaaS's fprocess split at
/// blanks (no shell, no quotes). Empty: the manifest names none.
std::vector<std::string> command_of(const function_spec& spec);

/// Why the text names no protocol.
std::string wrong_protocol(std::string_view text);

/// What is wrong with the keys of runtime process, or with having them.
std::vector<problem> check_process(const function_spec& spec);

/// Shares of a core that OpenFaaS's limits.cpu stands for ("100m", "0.5",
/// "2"); bytes of limits.memory. 0: no such limit.
/// errc::invalid_argument.
result<double> cpu_limit(const function_spec& spec);
result<uint64_t> memory_limit(const function_spec& spec);

} // namespace faas
