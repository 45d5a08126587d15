// Settings of a builtin function: the `environment` of its manifest.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace faas::builtin {

/// Value of a setting by name; empty when it is absent.
using settings = std::function<std::string_view(std::string_view name)>;

/// A whole number; `fallback` when absent. errc::invalid_argument when it is
/// none, or outside of least..most.
result<int64_t> whole_number(const settings& from, std::string_view name,
                             int64_t fallback, int64_t least, int64_t most);

/// Finite numbers separated by commas: exactly `count`, or one for all.
result<std::vector<float>> number_list(const settings& from,
                                       std::string_view name, float fallback,
                                       size_t count);

/// "250ms", "10s", "5m", "1h" in milliseconds; -1 when it is no
/// duration or outside of 1 ms to 366 days.
int64_t milliseconds_of(std::string_view text) noexcept;

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text) noexcept;

} // namespace faas::builtin
