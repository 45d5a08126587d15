#include "gateway/http/request_parser.hpp"

#include "gateway/http/text.hpp"

namespace faas::http {
namespace {

known_header when(bool matches, known_header known) noexcept {
  return matches ? known : known_header::other;
}

} // namespace

known_header classify(std::string_view name) noexcept {
  using enum known_header;
  switch (name.size()) {
  case 2:
    return when(iequals(name, "te"), connection);
  case 4:
    return when(iequals(name, "host"), host);
  case 6:
    return when(iequals(name, "expect"), expect);
  case 7:
    return when(iequals(name, "upgrade") || iequals(name, "trailer"),
                connection);
  case 9:
    if (iequals(name, "x-call-id"))
      return call_id;
    return when(iequals(name, "x-timeout"), timeout);
  case 10:
    if (iequals(name, "tracestate"))
      return tracestate;
    return when(iequals(name, "connection") || iequals(name, "keep-alive"),
                connection);
  case 11:
    return when(iequals(name, "traceparent"), traceparent);
  case 12:
    return when(iequals(name, "content-type"), content_type);
  case 13:
    return when(iequals(name, "authorization"), authorization);
  case 14:
    return when(iequals(name, "content-length"), content_length);
  case 15:
    if (iequals(name, "idempotency-key"))
      return idempotency_key;
    return when(iequals(name, "x-forwarded-for"), forwarded_for);
  case 16:
    if (iequals(name, "x-forwarded-host"))
      return forwarded_host;
    return when(iequals(name, "proxy-connection"), connection);
  case 17:
    return when(iequals(name, "transfer-encoding"), transfer_encoding);
  case 18:
    return when(iequals(name, "proxy-authenticate"), connection);
  case 19:
    return when(iequals(name, "proxy-authorization"), connection);
  default:
    return other;
  }
}

const field_view* request_head::find(known_header known) const noexcept {
  for (const auto& field : fields)
    if (field.known == known)
      return &field;
  return nullptr;
}

} // namespace faas::http
