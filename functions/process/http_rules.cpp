#include "functions/process/http_rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace faas::process {
namespace {

bool same(std::string_view a, std::string_view b) noexcept {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) {
                      return std::tolower(x) == std::tolower(y);
                    });
}

bool token(std::string_view text) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0
           || marks.find(c) != std::string_view::npos;
  });
}

/// Headers that this side writes itself.
bool own(std::string_view name) noexcept {
  return same(name, "host") || same(name, "content-length")
         || same(name, "expect") || same(name, "x-call-id");
}

/// No byte of the target may end the request line.
void append_target(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  for (const auto c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '#') {
      out += c;
    } else {
      out += '%';
      out += digits[byte >> 4];
      out += digits[byte & 15];
    }
  }
}

void append_header(std::string& out, std::string_view name,
                   std::string_view value) {
  out.append(name).append(": ");
  for (const auto c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
  }
  out += "\r\n";
}

std::string connection_values(const header_list& headers) {
  std::string all;
  for (const auto& [name, value] : headers)
    if (same(name, "connection"))
      all += value + ",";
  return all;
}

void append_new(std::string& out, const header_list& have,
                std::string_view name, std::string_view value) {
  if (!value.empty() && !find_header(have, name))
    append_header(out, name, value);
}

} // namespace

bool hop_by_hop(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 9> all{
    "connection",          "proxy-connection", "keep-alive",
    "proxy-authenticate",  "te",               "proxy-authorization",
    "trailer",             "upgrade",          "transfer-encoding"};
  return std::any_of(all.begin(), all.end(),
                     [&](std::string_view each) { return same(name, each); });
}

bool named_by(std::string_view connection, std::string_view name) noexcept {
  while (!connection.empty()) {
    auto item = connection.substr(0, connection.find(','));
    connection.remove_prefix(std::min(connection.size(), item.size() + 1));
    while (!item.empty() && (item.front() == ' ' || item.front() == '\t'))
      item.remove_prefix(1);
    while (!item.empty() && (item.back() == ' ' || item.back() == '\t'))
      item.remove_suffix(1);
    if (same(item, name))
      return true;
  }
  return false;
}

std::string request_head(const invocation& event) {
  std::string out = token(event.method) ? event.method : "POST";
  out += ' ';
  if (!event.path.starts_with('/'))
    out += '/';
  append_target(out, event.path);
  if (!event.query.empty()) {
    out += '?';
    append_target(out, event.query);
  }
  out += " HTTP/1.1\r\n";
  const auto* host = find_header(event.headers, "host");
  append_header(out, "Host", host ? *host : "localhost");
  const auto connection = connection_values(event.headers);
  for (const auto& [name, value] : event.headers)
    if (token(name) && !own(name) && !hop_by_hop(name)
        && !named_by(connection, name))
      append_header(out, name, value);
  append_new(out, event.headers, "Content-Type", event.content_type);
  append_new(out, event.headers, "traceparent", event.traceparent);
  append_new(out, event.headers, "tracestate", event.tracestate);
  append_header(out, "X-Call-Id", event.id.to_string());
  // A body of none is said where one is usual.
  if (!event.body.empty() || !(event.method == "GET" || event.method == "HEAD"))
    append_header(out, "Content-Length", std::to_string(event.body.size()));
  out += "\r\n";
  return out;
}

std::string ready_head(std::string_view path) {
  std::string out = "GET ";
  append_target(out, path);
  return out + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
}

bool comes_in_parts(std::string_view content_type) noexcept {
  const auto type = content_type.substr(0, content_type.find(';'));
  const auto end = type.find_last_not_of(" \t");
  const auto name = type.substr(0, end == type.npos ? 0 : end + 1);
  return same(name, "text/event-stream") || same(name, "application/x-ndjson");
}

bool idempotent_method(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "PUT"
         || method == "DELETE" || method == "OPTIONS" || method == "TRACE";
}

} // namespace faas::process
