// HTTP by libcurl.
#pragma once

#include "tools/faas-cli/http_client.hpp"

#include <memory>

namespace faas::cli {

/// Keeps its connection between calls, so that polling is cheap. http and
/// https only; no redirects; an answer of at most 64 MiB is kept. Not thread
/// safe.
class curl_client final : public http_client {
public:
  /// `verify` = false accepts any TLS certificate.
  explicit curl_client(bool verify = true);
  ~curl_client() override;
  result<http_response> send(const http_request& request) override;

private:
  struct handle;
  std::unique_ptr<handle> handle_;
};

} // namespace faas::cli
