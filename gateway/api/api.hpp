// Everything the gateway answers that is not a function call.
#pragma once

#include "gateway/api/exchange.hpp"
#include "libfaas/core/clock.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace faas {
class admin_port;
class bundle_store;
class cluster_authority;
class decision_book;
class metrics_source;
class registry_porter;
} // namespace faas

namespace faas::api {

/// Health, metrics, the OpenFaaS management API and Petrel's own queries.
class gateway_api : public api_handler {
public:
  /// Ends its helper threads; requests after it are refused. Any thread but
  /// theirs.
  virtual void stop() = 0;
};

struct settings {
  admin_port& admin;
  bundle_store& bundles;
  const clock_source& clock;
  std::vector<const metrics_source*> metrics;     ///< what /metrics shows
  std::function<bool(std::string_view)> is_admin; ///< any thread
  std::string version;
  duration log_follow{}; ///< a followed log stream ends then
  cluster_authority* authority = nullptr; ///< on the controller's node
  registry_porter* porter = nullptr;      ///< likewise: export and import
  decision_book* decisions = nullptr;     ///< null: they are not logged
};

std::unique_ptr<gateway_api> make_api(settings options);

} // namespace faas::api
