#include "functions/process/lambda_rules.hpp"

#include "libfaas/core/limits.hpp"

#include <nlohmann/json.hpp>

namespace faas::process::lambda {
namespace {

using nlohmann::json;

constexpr std::string_view base = "/2018-06-01/runtime/";

std::string text_of(const json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_string()
           ? found->get<std::string>().substr(0, limits::log_line_bytes)
           : std::string{};
}

/// Headers of ours: nothing may end the line.
std::string clean(std::string_view text) {
  std::string out{text};
  for (auto& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      c = ' ';
  return out;
}

std::string reason(int status) {
  switch (status) {
  case 200:
    return "OK";
  case 202:
    return "Accepted";
  case 403:
    return "Forbidden";
  case 404:
    return "Not Found";
  case 413:
    return "Payload Too Large";
  default:
    return "Bad Request";
  }
}

} // namespace

request_target parse_target(std::string_view method, std::string_view path) {
  using kind = request_target::kind;
  if (!path.starts_with(base))
    return {};
  path.remove_prefix(base.size());
  if (path == "invocation/next")
    return {method == "GET" ? kind::next : kind::unknown, {}};
  if (method != "POST")
    return {};
  if (path == "init/error")
    return {kind::init_error, {}};
  constexpr std::string_view invocation = "invocation/";
  if (!path.starts_with(invocation))
    return {};
  path.remove_prefix(invocation.size());
  const auto slash = path.find('/');
  if (slash == std::string_view::npos)
    return {};
  const auto what = path.substr(slash + 1);
  const std::string id{path.substr(0, slash)};
  if (what == "response")
    return {kind::response, id};
  if (what == "error")
    return {kind::error, id};
  return {};
}

failure parse_failure(std::string_view body, std::string_view type_header) {
  failure made;
  if (!type_header.empty())
    made.type = clean(type_header.substr(0, 256));
  const auto read = json::parse(body, nullptr, false);
  if (!read.is_object())
    return made;
  if (auto type = text_of(read, "errorType"); !type.empty())
    made.type = std::move(type);
  made.message = text_of(read, "errorMessage");
  return made;
}

reply failed(const failure& what) {
  reply made;
  made.status = 502;
  made.content_type = "application/json";
  made.headers = {{"X-Amz-Function-Error", "Unhandled"}};
  made.body
    = blob{json{{"errorType", what.type}, {"errorMessage", what.message}}.dump(
      -1, ' ', false, json::error_handler_t::replace)};
  return made;
}

std::string arn(const identity& of) {
  return "arn:aws:lambda:local:000000000000:function:" + of.function + ":"
         + std::to_string(of.version);
}

std::string trace_id(const invocation& event) {
  if (const auto* own = find_header(event.headers, "X-Amzn-Trace-Id"))
    return clean(*own);
  // 00-TRACE-SPAN-FLAGS
  const auto& parent = event.traceparent;
  if (parent.size() == 55)
    return clean("Root=1-" + parent.substr(3, 8) + "-" + parent.substr(11, 24)
                 + ";Parent=" + parent.substr(36, 16) + ";Sampled="
                 + (parent.ends_with('1') ? "1" : "0"));
  auto id = event.id.to_string();
  std::erase(id, '-');
  return "Root=1-" + id.substr(0, 8) + "-" + id.substr(8);
}

std::string next_answer(const identity& of, const invocation& event,
                        wall_time deadline) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                    deadline.time_since_epoch())
                    .count();
  const std::string_view body
    = event.body.empty() ? std::string_view{"{}"} : event.body.view();
  auto type = clean(event.content_type);
  if (type.empty())
    type = "application/json";
  std::string out = "HTTP/1.1 200 OK\r\nContent-Type: " + type
                    + "\r\nLambda-Runtime-Aws-Request-Id: "
                    + event.id.to_string()
                    + "\r\nLambda-Runtime-Deadline-Ms: " + std::to_string(ms)
                    + "\r\nLambda-Runtime-Invoked-Function-Arn: " + arn(of)
                    + "\r\nLambda-Runtime-Trace-Id: " + trace_id(event)
                    + "\r\nContent-Length: " + std::to_string(body.size())
                    + "\r\n\r\n";
  out.append(body);
  return out;
}

std::string plain_answer(int status, std::string_view type,
                         std::string_view message, bool keep) {
  const auto body = type.empty()
                      ? json{{"status", message}}.dump()
                      : json{{"errorType", type}, {"errorMessage", message}}
                          .dump(-1, ' ', false,
                                json::error_handler_t::replace);
  return "HTTP/1.1 " + std::to_string(status) + " " + reason(status)
         + "\r\nContent-Type: application/json\r\nContent-Length: "
         + std::to_string(body.size())
         + (keep ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n") + body;
}

} // namespace faas::process::lambda
