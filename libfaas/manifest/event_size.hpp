// How large an event is, by its function's manifest.
#pragma once

#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/function_spec.hpp"

namespace faas {

/// The event's size feature n. 0 when it cannot be had: the body is no JSON,
/// longer than `json_limit`, or has no number, array or string there (arrays
/// and strings count their length); or it is a damaged archive (items). Pure;
/// any thread.
double event_size(const size_feature& feature, const invocation& event);

/// JSON bodies above this are not parsed just to guess the size.
inline constexpr size_t json_limit = 1024 * 1024;

} // namespace faas
