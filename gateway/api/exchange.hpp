// The seam between the HTTP server and what answers management requests.
#pragma once

#include "libfaas/event/invocation.hpp"

#include <functional>
#include <memory>
#include <string>

namespace faas::api {

/// A request that is not an event. Owned.
struct api_request {
  std::string method;
  std::string path;  ///< as it came, without the query
  std::string query; ///< without '?'
  header_list headers;
  std::string body;
};

struct api_response {
  uint16_t status = 200;
  std::string content_type;
  header_list headers;
  std::string body;
};

/// The answer to one request. Any thread, at any time: when the client or the
/// loop is gone, calls do nothing. Dropped unanswered, the client gets 500.
class exchange {
public:
  virtual ~exchange() = default;
  /// The whole answer. Later calls do nothing.
  virtual void respond(api_response response) = 0;
  /// Begins an answer of unknown length; then write() and end().
  virtual void begin(api_response head) = 0;
  /// Sends bytes now. False once the client is gone, or reads so slowly that
  /// too much is waiting (then the connection is closed).
  virtual bool write(std::string bytes) = 0;
  virtual void end() = 0;
};

/// Takes the body of an upload, piece by piece. On the loop; must not block.
class body_stream {
public:
  virtual ~body_stream() = default;
  /// The next piece comes only after `more` was called (any thread, once).
  virtual void piece(std::string bytes, std::function<void()> more) = 0;
  /// The body is complete; the exchange gets its answer.
  virtual void end() = 0;
  /// The client went away in the middle.
  virtual void aborted() noexcept = 0;
};

/// Answers management requests. All calls on a loop; must not block.
class api_handler {
public:
  virtual ~api_handler() = default;

  /// What to do with a request once its head is known.
  struct admission {
    uint16_t refusal = 0;  ///< != 0: answer `response`, do not read the body
    api_response response; ///< status is `refusal`
    size_t max_body = 0;   ///< else: collect at most that much, then handle()
    std::shared_ptr<body_stream> stream; ///< else, when set: stream the body
  };
  /// `answer` is kept only by a stream.
  virtual admission admit(const api_request& head,
                          const std::shared_ptr<exchange>& answer)
    = 0;
  virtual void handle(api_request request, std::shared_ptr<exchange> answer)
    = 0;
};

} // namespace faas::api
