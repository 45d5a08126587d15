// W3C Trace Context, level 2.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace faas {
class random_source;
}

namespace faas::http {

/// The header to send on for an incoming `traceparent`: same trace id, a new
/// parent id, version 00, flags limited to sampled and random-trace-id. Empty
/// when the header is invalid (then `tracestate` must be dropped too).
std::string forward_traceparent(std::string_view incoming,
                                random_source& random);

/// Joins `tracestate` lines in order: at most 32 members and 512 characters;
/// members longer than 128 characters go first, then the right-most.
std::string join_tracestate(const std::vector<std::string_view>& lines);

} // namespace faas::http
