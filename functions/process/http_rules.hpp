// Which headers pass between an event and a program that serves HTTP.
#pragma once

#include "libfaas/event/invocation.hpp"

#include <string>
#include <string_view>

namespace faas::process {

/// Headers that are about one connection (RFC 9110, 7.6.1), whatever their
/// case.
bool hop_by_hop(std::string_view name) noexcept;

/// Whether `connection` (values of Connection headers, joined by commas) names
/// that header.
bool named_by(std::string_view connection, std::string_view name) noexcept;

/// Request line and headers for an event, ready to be sent before its body:
/// same method, path, query, Host and headers, plus X-Call-Id, Content-Length
/// and trace context; hop-by-hop headers are left out. Characters that would
/// end a line are replaced, whatever trigger the event came from.
std::string request_head(const invocation& event);

/// The same for the question whether a program is ready.
std::string ready_head(std::string_view path);

/// Whether an answer of that content type is passed on as it comes: an event
/// stream, or lines of JSON.
bool comes_in_parts(std::string_view content_type) noexcept;

/// A method whose request may be sent again when its connection was closed
/// before any answer (RFC 9110, 9.2.2).
bool idempotent_method(std::string_view method) noexcept;

} // namespace faas::process
