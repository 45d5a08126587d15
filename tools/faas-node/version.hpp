#pragma once

#include <string_view>

namespace faas {

/// Version of this software.
inline constexpr std::string_view software_version = "0.1.0";

} // namespace faas
