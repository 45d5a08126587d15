// HTTP as the commands see it; libcurl or a fake behind it.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace faas::cli {

using header_list = std::vector<std::pair<std::string, std::string>>;

struct http_request {
  std::string method = "GET";
  std::string url;
  header_list headers;
  std::string body;
  std::filesystem::path body_file; ///< instead of body, when not empty
  duration timeout = std::chrono::seconds{60}; ///< zero: none
  /// Gets the body of a success as it arrives (the response's is then empty);
  /// false ends the call.
  std::function<bool(std::string_view)> on_data;
  /// Bytes sent so far, of how many.
  std::function<void(uint64_t, uint64_t)> on_progress;
};

struct http_response {
  int status = 0;
  header_list headers; ///< as received
  std::string body;
  duration took{};

  /// Value by name without case; empty when absent.
  std::string_view header(std::string_view name) const noexcept;
};

class http_client {
public:
  virtual ~http_client() = default;
  /// Any HTTP status is a success. errc::unavailable: no connection was made,
  /// the request did not run. errc::outcome_unknown: the connection broke.
  /// errc::deadline_exceeded, errc::cancelled (by on_data), errc::too_large
  /// (answer), errc::invalid_argument (URL), errc::not_found (body file).
  virtual result<http_response> send(const http_request& request) = 0;
};

/// Splits "Name: value"; errc::invalid_argument.
result<std::pair<std::string, std::string>> parse_header(std::string_view line);

/// Percent-encodes all but unreserved characters (RFC 3986, section 2.3).
std::string url_encode(std::string_view text);

} // namespace faas::cli
