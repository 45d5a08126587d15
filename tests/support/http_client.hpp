// A blocking HTTP/1.1 client over a raw socket: tests decide every byte.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace faas::test {

struct http_answer {
  int status = 0; ///< 0: the server closed without an answer
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
  std::string header(const std::string& name) const {
    const auto at = headers.find(name);
    return at == headers.end() ? "" : at->second;
  }
};

/// Every wait ends after 10 s (then the answer is empty).
class http_client {
public:
  explicit http_client(uint16_t port);
  ~http_client();
  http_client(const http_client&) = delete;

  /// False when the server has closed.
  bool send(std::string_view bytes);
  /// The next answer; `head`: it answers a HEAD request.
  http_answer read(bool head = false);
  /// One line of a chunked stream that has begun (after read_head()).
  std::string read_line();
  http_answer read_head();
  /// True when the server closes without sending anything more.
  bool closed();
  void shutdown_send();
  /// Closes so that the server sees a reset.
  void reset();
  void close();

  http_answer call(std::string_view bytes) {
    send(bytes);
    return read();
  }
  /// Sends a request with Host and, if a body, Content-Length.
  http_answer request(std::string_view method, std::string_view target,
                      std::string_view body = {},
                      std::string_view headers = {});

private:
  bool fill();
  bool chunk();

  int socket_ = -1;
  std::string in_;
  std::string line_;
};

} // namespace faas::test
