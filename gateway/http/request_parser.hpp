// What the connection needs of an HTTP/1.1 parser.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace faas::http {

/// Headers that the gateway itself acts on.
enum class known_header : uint8_t {
  other,
  host,
  connection, ///< and the other hop-by-hop headers: never forwarded
  content_length,
  content_type,
  transfer_encoding,
  expect,
  authorization,
  call_id,
  timeout,
  idempotency_key,
  traceparent,
  tracestate,
  forwarded_for,
  forwarded_host,
};
known_header classify(std::string_view name) noexcept;

struct field_view {
  std::string_view name;
  std::string_view value;
  known_header known = known_header::other;
};

/// Head of a request. Views point into the bytes that were parsed.
struct request_head {
  std::string_view method;
  std::string_view target;
  bool http_1_0 = false;
  bool keep_alive = true;
  bool expect_continue = false;
  bool has_body = false;
  bool chunked = false;
  uint64_t content_length = 0; ///< when has_body and not chunked
  std::vector<field_view> fields;

  /// First field of that kind, or null.
  const field_view* find(known_header known) const noexcept;
};

enum class parse_status : uint8_t {
  need_more,
  done,
  malformed,     ///< 400; `why()` says what
  too_large,     ///< head over the limit: 431
  unsupported,   ///< a transfer coding that we do not do: 501
  other_version, ///< neither HTTP/1.1 nor 1.0: 505
};

/// Takes the pieces of a body as they are decoded.
class body_sink {
public:
  virtual ~body_sink() = default;
  /// False stops the parser: parse_body() then returns `too_large`.
  virtual bool piece(std::string_view bytes) = 0;
};

/// Parses the requests of one connection, one after the other. Stricter than
/// a parser for clients: what two servers could read differently (RFC 9112,
/// section 6.3 and 11.2) is malformed.
class request_parser {
public:
  virtual ~request_parser() = default;
  /// Begins the next request.
  virtual void next() = 0;
  /// Parses a head. `bytes` begins at the head's first byte in every call for
  /// the same request (they may have moved). On `done`, `consumed` is the
  /// length of the head and head() is valid while the bytes stay.
  virtual parse_status parse_head(std::string_view bytes, size_t& consumed) = 0;
  virtual const request_head& head() const noexcept = 0;
  /// Decodes body bytes into the sink. `done`: the request is complete.
  virtual parse_status parse_body(std::string_view bytes, size_t& consumed,
                                  body_sink& sink)
    = 0;
  /// What was wrong, after malformed or unsupported.
  virtual std::string_view why() const noexcept = 0;
};

/// The parser on Boost.Beast. `head_limit`: bytes of the whole head.
std::unique_ptr<request_parser> make_beast_parser(size_t head_limit);

} // namespace faas::http
