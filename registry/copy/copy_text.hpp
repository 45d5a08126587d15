// A copy of a registry as text.
#pragma once

#include "libfaas/ports/registry_copy.hpp"

namespace faas::registry {

namespace copy_limits {
inline constexpr size_t line_bytes = 16 * faas::limits::mib;
inline constexpr size_t text_bytes = 256 * faas::limits::mib;
} // namespace copy_limits

using size_lookup
  = std::function<std::optional<uint64_t>(const digest&)>;

/// One line of JSON for each thing; the first names the format, the last has the
/// SHA-256 of all before it.
std::string copy_to_text(const registry_copy& copy,
                         const size_lookup& bytes_of);

/// Reads what copy_to_text() made. Unknown lines and keys are ignored, a newer
/// format is errc::conflict.
std::unique_ptr<registry_copy_reader> make_copy_reader();

} // namespace faas::registry
