// Makes an invocation of a request. Pure.
#pragma once

#include "gateway/http/request_parser.hpp"
#include "gateway/http/target.hpp"
#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/event_size.hpp"

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

using faas::event_size;
using faas::json_limit;

} // namespace faas::http
