// The texts of the AWS Lambda Runtime API (2018-06-01).
#pragma once

#include "libfaas/event/invocation.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace faas::process::lambda {

/// What a request of the program asks for.
struct request_target {
  enum class kind : uint8_t { next, response, error, init_error, unknown };
  kind what = kind::unknown;
  std::string id; ///< of response and error
};
request_target parse_target(std::string_view method, std::string_view path);

/// What the program says about an event, or its start, that failed.
struct failure {
  std::string type = "Unhandled";
  std::string message;
};
/// From the body ({"errorType", "errorMessage"}; anything else is no problem)
/// and the header Lambda-Runtime-Function-Error-Type.
failure parse_failure(std::string_view body, std::string_view type_header);
/// 502 with type and message as JSON, as Lambda's Invoke gives them.
reply failed(const failure& what);

struct identity {
  std::string function;
  uint32_t version = 0;
};
/// arn:aws:lambda:local:000000000000:function:NAME:VERSION
std::string arn(const identity& of);
/// X-Ray's form of the event's trace (traceparent, else its id). The event's
/// own X-Amzn-Trace-Id passes.
std::string trace_id(const invocation& event);

/// The answer to GET next: head and body. An event without a body is `{}`.
std::string next_answer(const identity& of, const invocation& event,
                        wall_time deadline);
/// An answer with a small JSON body. Keeps the connection if `keep`.
std::string plain_answer(int status, std::string_view type,
                         std::string_view message, bool keep = true);

} // namespace faas::process::lambda
