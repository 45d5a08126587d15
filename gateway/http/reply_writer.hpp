// Turns answers into HTTP/1.1 bytes.
#pragma once

#include "gateway/http/byte_buffer.hpp"
#include "libfaas/event/invocation.hpp"

#include <span>
#include <string>
#include <string_view>

namespace faas::http {

/// What the bytes of an answer depend on besides the answer itself.
struct answer_context {
  call_id id;                     ///< zero: no X-Call-Id
  duration total{};               ///< request accepted to answer
  std::string_view date;          ///< Date header's value
  std::string_view server;        ///< Server header's value; empty: none
  std::string_view fallback_type; ///< the request's content type
  bool keep_alive = true;
  bool http_1_0 = false;
  bool head_only = false; ///< HEAD: headers of the body, but no body
};

/// Plain answers of the gateway itself.
struct plain_answer {
  uint16_t status = 200;
  std::string_view content_type; ///< empty: none
  std::string_view body;
  std::span<const header> headers;
  bool chunked = false; ///< body follows in chunks
};

/// Bodies above this are not copied behind the head; see write_reply.
inline constexpr size_t copied_body_bytes = 16 * 1024;

/// Writes a function's answer, or Petrel's error as JSON. Headers that HTTP or
/// the gateway own (hop-by-hop, lengths, X-Call-Id, ...) and headers that are
/// not well-formed are left out of a function's. Returns the bytes that the
/// caller must send after the buffer: the body when it is large.
blob write_reply(byte_buffer& out, const reply& answer,
                 const answer_context& context);

/// Writes the head of a function's answer whose body follows in chunks
/// (write_chunk): its status must be 200 to 599. False: an answer of that status
/// has no body.
bool write_parts_head(byte_buffer& out, const reply& head,
                      const answer_context& context);

/// Writes an answer of the gateway. The body is copied.
void write_plain(byte_buffer& out, const plain_answer& answer,
                 const answer_context& context);

/// One chunk of a chunked answer; empty bytes write the last chunk.
void write_chunk(byte_buffer& out, std::string_view bytes);

/// {"error":{"code","message","next","call_id"}} and a line feed. call_id is
/// left out when it is zero.
std::string error_json(const error& what, const call_id& id);

/// Reason phrase of a status.
std::string_view reason_phrase(uint16_t status) noexcept;

/// IMF-fixdate (RFC 9110, section 5.6.7).
std::string http_date(wall_time when);

/// Seconds that a refused client should wait, as Retry-After says.
inline constexpr int retry_after_seconds = 1;

} // namespace faas::http
