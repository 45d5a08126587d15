// Makes an invocation of a request. Pure.
#pragma once

#include "gateway/http/request_parser.hpp"
#include "gateway/http/target.hpp"
#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/function_spec.hpp"

namespace faas {
class random_source;
struct function_view;
} // namespace faas

namespace faas::http {

/// The invocation without its body. The caller's X-Call-Id is kept when it is
/// a UUID; the deadline is the function's timeout, shortened by X-Timeout (a
/// Go duration). errc::invalid_argument for a bad X-Timeout or an
/// Idempotency-Key over 255 bytes. `peer`: the client's address, for
/// X-Forwarded-For.
result<void> build_event(invocation& event, const request_head& head,
                         const target_parts& target, const function_view& view,
                         std::string_view peer, time_point now,
                         random_source& random);

/// The event's size feature n. 0 when it cannot be had: the body is no JSON,
/// longer than `json_limit`, or has no number, array or string there (arrays
/// and strings count their length); or it is a damaged archive (items).
double event_size(const size_feature& feature, const invocation& event);

/// JSON bodies above this are not parsed just to guess the size.
inline constexpr size_t json_limit = 1024 * 1024;

} // namespace faas::http
