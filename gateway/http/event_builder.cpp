#include "gateway/http/event_builder.hpp"

#include "gateway/http/text.hpp"
#include "gateway/http/trace_context.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/manifest/manifest.hpp"
#include "libfaas/ports/event_port.hpp"

namespace faas::http {
namespace {

constexpr size_t max_idempotency_key = 255;

/// Headers named by Connection are hop-by-hop as well.
bool named_by(std::string_view connection, std::string_view name) noexcept {
  if (connection.size() < name.size())
    return false;
  bool found = false;
  for_each_item(connection, [&](std::string_view item) {
    found = found || iequals(item, name);
  });
  return found;
}

void forward_headers(invocation& event, const request_head& head,
                     std::string_view peer) {
  event.headers.clear();
  event.headers.reserve(head.fields.size() + 2);
  std::string_view host, connection;
  bool has_for = false, has_host = false;
  for (const auto& field : head.fields)
    if (field.known == known_header::connection
        && iequals(field.name, "connection"))
      connection = field.value;
  for (const auto& field : head.fields) {
    switch (field.known) {
    case known_header::host:
      host = field.value;
      break;
    case known_header::forwarded_for:
      has_for = true;
      break;
    case known_header::forwarded_host:
      has_host = true;
      break;
    case known_header::connection:
    case known_header::transfer_encoding:
    case known_header::expect:
    case known_header::traceparent: // travel in fields of their own
    case known_header::tracestate:
      continue;
    default:
      break;
    }
    if (connection.empty() || !named_by(connection, field.name))
      event.headers.push_back(
        {std::string{field.name}, std::string{field.value}});
  }
  if (!has_for && !peer.empty())
    event.headers.push_back({"X-Forwarded-For", std::string{peer}});
  if (!has_host && !host.empty())
    event.headers.push_back({"X-Forwarded-Host", std::string{host}});
}

result<void> apply(invocation& event, const field_view& field, time_point now) {
  switch (field.known) {
  case known_header::content_type:
    event.content_type = field.value;
    break;
  case known_header::call_id:
    if (auto id = call_id::parse(field.value))
      event.id = *id;
    break;
  case known_header::timeout:
    // As the watchdog does: what does not parse, or is longer, is ignored.
    if (const auto wanted = parse_duration(field.value);
        wanted && wanted->count() > 0
        && *wanted < std::chrono::seconds{limits::max_event_timeout})
      event.deadline = std::min(event.deadline, now + *wanted);
    break;
  case known_header::idempotency_key:
    if (field.value.size() > max_idempotency_key)
      return error{errc::invalid_argument,
                   "Idempotency-Key is longer than 255 bytes",
                   "send a shorter key, for example a UUID"};
    event.idempotency_key = field.value;
    break;
  default:
    break;
  }
  return {};
}

void apply_trace(invocation& event, const request_head& head,
                 random_source& random) {
  event.traceparent.clear();
  event.tracestate.clear();
  const auto* parent = head.find(known_header::traceparent);
  if (!parent)
    return;
  event.traceparent = forward_traceparent(parent->value, random);
  if (event.traceparent.empty())
    return;
  std::vector<std::string_view> lines;
  for (const auto& field : head.fields)
    if (field.known == known_header::tracestate)
      lines.push_back(field.value);
  event.tracestate = join_tracestate(lines);
}

} // namespace

result<void> build_event(invocation& event, const request_head& head,
                         const target_parts& target, const function_view& view,
                         std::string_view peer, time_point now,
                         random_source& random) {
  event.id = {};
  event.function = view.name;
  event.version = view.version;
  event.method = head.method;
  event.path = target.path;
  event.query = target.query;
  event.content_type.clear();
  event.idempotency_key.clear();
  event.accepted = now;
  event.deadline
    = now + std::min<duration>(view.timeout, limits::max_event_timeout);
  event.source = trigger::http;
  event.attempt = 1;
  forward_headers(event, head, peer);
  for (const auto& field : head.fields)
    if (field.known != known_header::other)
      if (auto done = apply(event, field, now); !done)
        return done;
  apply_trace(event, head, random);
  if (event.id == call_id{})
    event.id = call_id::make(random);
  return {};
}

} // namespace faas::http
