// Everything the gateway answers that is not a function call.
#pragma once

#include "gateway/api/exchange.hpp"

#include <memory>

namespace faas {
class metrics_source;
namespace http {
struct server_config;
struct server_deps;
} // namespace http
} // namespace faas

namespace faas::api {

/// Health, metrics, the OpenFaaS management API and Petrel's own queries.
class gateway_api : public api_handler {
public:
  /// Ends its helper threads; requests after it are refused. Any thread but
  /// theirs.
  virtual void stop() = 0;
};

/// `own`: the gateway's metrics, shown with those of `deps`.
std::unique_ptr<gateway_api> make_api(const http::server_config& config,
                                      const http::server_deps& deps,
                                      const metrics_source& own);

} // namespace faas::api
