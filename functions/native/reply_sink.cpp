#include "functions/native/reply_sink.hpp"

#include "functions/native/header_rules.hpp"
#include "libfaas/core/limits.hpp"

#include <exception>
#include <string_view>

namespace faas::native {
namespace {

std::string_view view(faas_bytes bytes) noexcept {
  return bytes.data ? std::string_view{bytes.data, bytes.size}
                    : std::string_view{};
}

// The border to C: nothing may be thrown through the function's frames.
template <class F>
int guarded(void* node, F call) noexcept {
  auto& sink = *static_cast<reply_sink*>(node);
  try {
    return call(sink) ? 0 : 1;
  } catch (const std::exception&) {
    sink.fail("the node had no memory for the answer", "answer with less");
    return 1;
  }
}

int start_call(void* node, int status, faas_bytes content_type,
               const faas_header* headers, size_t count) {
  return guarded(node, [&](reply_sink& sink) {
    return sink.start(status, content_type, headers, count);
  });
}

int write_call(void* node, faas_bytes part) {
  return guarded(node, [&](reply_sink& sink) { return sink.write(part); });
}

int flush_call(void* node) {
  return guarded(node, [](reply_sink& sink) { return sink.flush(); });
}

} // namespace

faas_sink reply_sink::table() noexcept {
  return {sizeof(faas_sink), this, &start_call, &write_call, &flush_call};
}

void reply_sink::fail(std::string what, std::string next) {
  if (!fault_)
    fault_ = error{errc::function_failed, std::move(what), std::move(next)};
}

bool reply_sink::start(int status, faas_bytes content_type,
                       const faas_header* headers, size_t count) {
  if (fault_)
    return false;
  if (started_) {
    fail("the function answered twice", "call start once per event");
    return false;
  }
  if (written_) {
    fail("the function set its status after it had written a part",
         "call start before the first write");
    return false;
  }
  if (status < 200 || status > 599) {
    fail("the function answered with status " + std::to_string(status),
         "answer with a status from 200 to 599");
    return false;
  }
  started_ = true;
  answer_.status = static_cast<uint16_t>(status);
  const auto type = view(content_type);
  if (!is_header_value(type)) {
    fail("the function's content type has control characters", "");
    return false;
  }
  answer_.content_type = type;
  return add_headers(headers, count);
}

bool reply_sink::add_headers(const faas_header* headers, size_t count) {
  if (count > 0 && !headers)
    count = 0;
  size_t bytes = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto name = view(headers[i].name);
    const auto value = view(headers[i].value);
    bytes += name.size() + value.size() + 4;
    if (bytes > limits::header_bytes) {
      fail("the function's headers are larger than "
             + std::to_string(limits::header_bytes) + " bytes",
           "put large values into the body");
      return false;
    }
    if (!is_header_name(name) || !is_header_value(value)) {
      fail("header " + std::to_string(i + 1)
             + " of the function's answer is no valid HTTP header",
           "use a token as name and no control characters in the value");
      return false;
    }
    answer_.headers.push_back({std::string{name}, std::string{value}});
  }
  return true;
}

bool reply_sink::write(faas_bytes bytes) {
  if (fault_)
    return false;
  const auto part = view(bytes);
  if (part.size() > max_body_ - body_.size()) {
    fail("the function's answer is larger than " + std::to_string(max_body_)
           + " bytes",
         "answer with less or raise petrel.max_body_bytes");
    return false;
  }
  if (written_ && context_.cancelled())
    return false; // asked from the second part on: most answers have one
  written_ = true;
  body_.append(part);
  return true;
}

bool reply_sink::flush() {
  if (fault_ || fate_ == part_fate::stop)
    return false;
  if (fate_ == part_fate::kept || (!started_ && !written_))
    return !context_.cancelled();
  written_ = true; // the head is gone: no start after this
  fate_ = context_.send(answer_, body_);
  if (fate_ == part_fate::sent)
    body_.clear();
  return fate_ != part_fate::stop;
}

reply reply_sink::finish(int code, const std::string& last_error) {
  if (!fault_ && code != 0)
    fail(last_error.empty()
           ? "the function failed with code " + std::to_string(code)
           : "the function failed: " + last_error,
         "see the function's log");
  if (!fault_ && !started_ && !written_)
    fail("the function returned without an answer",
         "call start or write before returning 0");
  if (fault_)
    return reply::failure(std::move(*fault_));
  if (fate_ == part_fate::stop) // the rest has nowhere to go
    return reply::failure({errc::cancelled,
                           "nobody read the answer to its end", ""});
  answer_.body = blob{std::move(body_)};
  return std::move(answer_);
}

} // namespace faas::native
