// Go durations, as in X-Timeout.
#pragma once

#include "libfaas/core/clock.hpp"

#include <optional>
#include <string_view>

namespace faas::http {

/// "1m30s", "250ms", "1.5h"; nullopt when it is none, negative, or above
/// 10,000 hours. Whole seconds without a unit are no Go duration.
std::optional<duration> parse_go_duration(std::string_view text) noexcept;

} // namespace faas::http
