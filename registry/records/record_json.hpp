// The catalog's records as text, for engines that keep values and for export.
#pragma once

#include "libfaas/ports/catalog.hpp"

namespace faas::registry {

/// One function with all its kept versions as JSON. Stable: what one release
/// wrote, later ones read.
std::string record_to_json(const function_record& record);

/// The inverse. errc::internal, naming the function and what to do, for text
/// that record_to_json() did not write. Unknown keys are ignored.
result<function_record> record_from_json(const function_name& name,
                                         std::string_view text);

/// "last removed" of a removed function.
std::string retired_to_text(const retired_function& retired);
result<retired_function> retired_from_text(const function_name& name,
                                           std::string_view text);

/// "number version unchanged" of a request; the history is the store's.
std::string outcome_to_text(const command_outcome& outcome);
/// The outcome is marked as repeated.
result<command_outcome> outcome_from_text(std::string_view text);

/// Nanoseconds since the epoch, as records keep points in time.
int64_t to_ns(wall_time at) noexcept;
wall_time from_ns(int64_t ns) noexcept;

/// Error for an entry that cannot be read, with what to do.
error unreadable_version(const function_name& function, uint32_t number,
                         const std::string& why);

} // namespace faas::registry
