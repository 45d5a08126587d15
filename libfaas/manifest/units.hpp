// Amounts with units, the other way round.
#pragma once

#include "libfaas/core/clock.hpp"

#include <cstdint>
#include <string>

namespace faas {

/// Shortest text that parse_duration() reads back as the same value: "60s",
/// "250ms", "1500us".
std::string format_duration(duration d);

} // namespace faas
