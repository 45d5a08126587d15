#include "gateway/http/reply_writer.hpp"

#include "gateway/http/number_text.hpp"
#include "gateway/http/request_parser.hpp"
#include "gateway/http/text.hpp"

#include <nlohmann/json.hpp>

#include <ctime>

namespace faas::http {
namespace {

bool token_char(char c) noexcept {
  return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z')
         || std::string_view{"!#$%&'*+-.^_`|~"}.find(c)
              != std::string_view::npos;
}

/// A name and value that cannot change the meaning of the message around them.
bool well_formed(const header& field) noexcept {
  if (field.name.empty())
    return false;
  for (const auto c : field.name)
    if (!token_char(c))
      return false;
  for (const auto c : field.value)
    if (c == '\r' || c == '\n' || c == '\0')
      return false;
  return true;
}

/// Headers that a function cannot set: HTTP's own and the gateway's.
bool reserved(std::string_view name) noexcept {
  switch (classify(name)) {
  case known_header::connection:
  case known_header::content_length:
  case known_header::content_type:
  case known_header::transfer_encoding:
  case known_header::call_id:
    return true;
  default:
    return iequals(name, "date") || iequals(name, "server")
           || iequals(name, "x-faas-site") || iequals(name, "x-faas-version")
           || iequals(name, "x-faas-promise")
           || iequals(name, "server-timing")
           || iequals(name, "x-duration-seconds");
  }
}

void line(byte_buffer& out, std::string_view name, std::string_view value) {
  out.append(name);
  out.append(": ");
  out.append(value);
  out.append("\r\n");
}

void write_status(byte_buffer& out, uint16_t status,
                  const answer_context& context) {
  if (status == 200) {
    out.append("HTTP/1.1 200 OK\r\n");
  } else {
    out.append("HTTP/1.1 ");
    append_number(out, status);
    out.append(" ");
    out.append(reason_phrase(status));
    out.append("\r\n");
  }
  if (!context.server.empty())
    line(out, "Server", context.server);
  line(out, "Date", context.date);
  if (!context.keep_alive)
    out.append("Connection: close\r\n");
  else if (context.http_1_0)
    out.append("Connection: keep-alive\r\n");
}

void write_length(byte_buffer& out, size_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append("\r\n");
}

void write_timing(byte_buffer& out, const reply& answer, duration total) {
  out.append("Server-Timing: queue;dur=");
  append_ms(out, answer.times.queue);
  out.append(", service;dur=");
  append_ms(out, answer.times.service);
  if (answer.times.cold.count() > 0) {
    out.append(", cold;dur=");
    append_ms(out, answer.times.cold);
  } else if (answer.start == start_kind::pool) {
    out.append(", pool"); // a fresh instance, made ahead
  }
  out.append(", total;dur=");
  append_ms(out, total);
  out.append("\r\n");
}

/// Headers that tell about the call; on every answer of an event.
void write_call(byte_buffer& out, const reply& answer,
                const answer_context& context) {
  out.append("X-Call-Id: ");
  append_id(out, context.id);
  out.append("\r\nX-Duration-Seconds: ");
  append_seconds(out, context.total);
  out.append("\r\n");
  if (!answer.site.empty())
    line(out, "X-Faas-Site", answer.site);
  if (answer.promise > duration::zero()) {
    out.append("X-Faas-Promise: ");
    append_seconds(out, answer.promise);
    out.append("\r\n");
  }
  if (answer.version != 0) {
    out.append("X-Faas-Version: ");
    append_number(out, answer.version);
    out.append("\r\n");
  }
  if (answer.started || answer.code == errc::ok)
    write_timing(out, answer, context.total);
}

bool bodiless(uint16_t status) noexcept {
  return status == 204 || status == 304;
}

void write_failure(byte_buffer& out, const reply& answer, uint16_t status,
                   const answer_context& context) {
  const auto body
    = error_json({answer.code, answer.message, answer.next_step}, context.id);
  write_status(out, status, context);
  out.append("Content-Type: application/json\r\n");
  write_call(out, answer, context);
  if (retry(answer.code) == retry_class::same_later
      && answer.code == errc::overloaded) {
    out.append("Retry-After: ");
    append_number(out, retry_after_seconds);
    out.append("\r\n");
  }
  // What OpenFaaS marks its own errors with.
  out.append("X-OpenFaaS-Internal: proxy\r\n");
  write_length(out, body.size());
  out.append("\r\n");
  if (!context.head_only)
    out.append(body);
}

void write_type(byte_buffer& out, const reply& answer,
                const answer_context& context) {
  const auto own_type
    = !answer.content_type.empty() && well_formed({"x", answer.content_type});
  if (own_type)
    line(out, "Content-Type", answer.content_type);
  else
    line(out, "Content-Type",
         context.fallback_type.empty() ? std::string_view{"text/plain"}
                                       : context.fallback_type);
}

/// The function's own headers.
void write_own(byte_buffer& out, const reply& answer) {
  for (const auto& field : answer.headers)
    if (!reserved(field.name) && well_formed(field))
      line(out, field.name, field.value);
}

} // namespace

bool write_parts_head(byte_buffer& out, const reply& head,
                      const answer_context& context) {
  write_status(out, head.status, context);
  write_type(out, head, context);
  out.append("X-Call-Id: ");
  append_id(out, context.id);
  out.append("\r\n");
  write_own(out, head);
  if (bodiless(head.status)) {
    out.append("\r\n");
    return false;
  }
  out.append("Transfer-Encoding: chunked\r\n\r\n");
  return true;
}

blob write_reply(byte_buffer& out, const reply& answer,
                 const answer_context& context) {
  if (answer.code != errc::ok) {
    write_failure(out, answer, http_status(answer.code), context);
    return {};
  }
  if (answer.status < 200 || answer.status > 599) {
    auto failure = reply::failure(
      {errc::function_failed,
       "the function answered with status " + std::to_string(answer.status),
       "a function's status must be 200 to 599"});
    failure.site = answer.site;
    write_failure(out, failure, http_status(failure.code), context);
    return {};
  }
  write_status(out, answer.status, context);
  write_type(out, answer, context);
  write_call(out, answer, context);
  write_own(out, answer);
  if (!bodiless(answer.status))
    write_length(out, answer.body.size());
  out.append("\r\n");
  if (context.head_only || bodiless(answer.status))
    return {};
  if (answer.body.size() > copied_body_bytes)
    return answer.body;
  out.append(answer.body.view());
  return {};
}

void write_plain(byte_buffer& out, const plain_answer& answer,
                 const answer_context& context) {
  write_status(out, answer.status, context);
  if (!answer.content_type.empty())
    line(out, "Content-Type", answer.content_type);
  if (context.id != call_id{}) {
    out.append("X-Call-Id: ");
    append_id(out, context.id);
    out.append("\r\n");
  }
  for (const auto& field : answer.headers)
    if (well_formed(field))
      line(out, field.name, field.value);
  if (answer.chunked) {
    // HTTP/1.0 has no chunks: the end of the connection ends the body.
    out.append(context.http_1_0 ? "\r\n"
                                : "Transfer-Encoding: chunked\r\n\r\n");
    return;
  }
  if (!bodiless(answer.status))
    write_length(out, answer.body.size());
  out.append("\r\n");
  if (!context.head_only && !bodiless(answer.status))
    out.append(answer.body);
}

void write_chunk(byte_buffer& out, std::string_view bytes) {
  auto* begin = out.prepare(16);
  out.commit(static_cast<size_t>(
    std::to_chars(begin, begin + 16, bytes.size(), 16).ptr - begin));
  out.append("\r\n");
  out.append(bytes);
  out.append("\r\n");
}

std::string error_json(const error& what, const call_id& id) {
  auto json = nlohmann::ordered_json{{"code", name(what.code)},
                                     {"message", what.message},
                                     {"next", what.next_step}};
  if (id != call_id{})
    json["call_id"] = id.to_string();
  // Names from a request may hold bytes that are not UTF-8.
  return nlohmann::ordered_json{{"error", std::move(json)}}.dump(
           -1, ' ', false, nlohmann::json::error_handler_t::replace)
         + "\n";
}

std::string http_date(wall_time when) {
  const auto seconds = std::chrono::system_clock::to_time_t(when);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  constexpr const char* days[]
    = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  char text[40];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                parts.tm_sec);
  return text;
}

std::string_view reason_phrase(uint16_t status) noexcept {
  switch (status) {
  case 200:
    return "OK";
  case 201:
    return "Created";
  case 202:
    return "Accepted";
  case 204:
    return "No Content";
  case 301:
    return "Moved Permanently";
  case 302:
    return "Found";
  case 303:
    return "See Other";
  case 304:
    return "Not Modified";
  case 307:
    return "Temporary Redirect";
  case 308:
    return "Permanent Redirect";
  case 400:
    return "Bad Request";
  case 401:
    return "Unauthorized";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 405:
    return "Method Not Allowed";
  case 408:
    return "Request Timeout";
  case 409:
    return "Conflict";
  case 411:
    return "Length Required";
  case 413:
    return "Content Too Large";
  case 415:
    return "Unsupported Media Type";
  case 417:
    return "Expectation Failed";
  case 422:
    return "Unprocessable Content";
  case 429:
    return "Too Many Requests";
  case 431:
    return "Request Header Fields Too Large";
  case 499:
    return "Client Closed Request";
  case 500:
    return "Internal Server Error";
  case 501:
    return "Not Implemented";
  case 502:
    return "Bad Gateway";
  case 503:
    return "Service Unavailable";
  case 504:
    return "Gateway Timeout";
  case 505:
    return "HTTP Version Not Supported";
  case 507:
    return "Insufficient Storage";
  default:
    return "Status";
  }
}

} // namespace faas::http
