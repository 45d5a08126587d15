// The HTTP server of a node: event loops, function calls, management API.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/limits.hpp"
#include "libfaas/core/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace faas {
class admin_port;
class bundle_store;
class cluster_authority;
class decision_book;
class event_port_factory;
class metrics_source;
class registry_porter;
} // namespace faas

namespace faas::http {

using namespace std::chrono_literals;

struct server_config {
  /// Loopback only: it speaks plain HTTP.
  std::string address = "127.0.0.1";
  uint16_t port = 8080;               ///< 0: the system chooses
  uint32_t loops = 1;                 ///< threads, one event loop each
  std::string server_name = "petrel"; ///< Server header; empty: none
  std::string node = "node";          ///< name in /system/info
  std::string version = "0.1.0";

  uint32_t max_connections = 4096; ///< all loops; over it: 503 and close
  uint32_t max_pending = 8192;     ///< events waiting per loop; over it: 429
  size_t header_bytes = limits::header_bytes; ///< over it: 431
  /// Bytes of bodies being read per loop, so that many clients with allowed
  /// bodies cannot exhaust memory; over it: 429.
  size_t max_reading_bytes = 256 * limits::mib;

  duration header_timeout = 10s; ///< first byte to end of head; then 408
  duration body_timeout = 60s;   ///< whole body of a call; then 408
  duration upload_timeout = 30s; ///< between two pieces of an upload
  duration idle_timeout = 75s;   ///< kept-alive connection without a request
  duration write_timeout = 30s;  ///< client that does not read its answer
  duration log_follow = 60s;     ///< a followed log stream ends then
};

struct server_deps {
  event_port_factory& events;
  admin_port& admin;
  bundle_store& bundles;
  const clock_source& clock;
  /// True when this is the admin token. Constant time. Any thread.
  std::function<bool(std::string_view)> is_admin;
  std::vector<const metrics_source*> metrics; ///< shown by /metrics
  /// Join tokens and revocation; null on nodes without the cluster's CA.
  cluster_authority* authority = nullptr;
  /// Export and import; null likewise.
  registry_porter* porter = nullptr;
  decision_book* decisions = nullptr; ///< null: they are not logged
};

/// All calls from one thread (the one that owns the node). The dependencies
/// must outlive it.
class http_server {
public:
  /// Binds, opens one event port per loop and serves. errc::invalid_argument
  /// (address, loops), errc::conflict (port taken), errc::unavailable (no
  /// event port).
  static result<std::unique_ptr<http_server>> start(server_config config,
                                                    server_deps deps);
  /// stop() without grace, if it was not stopped.
  ~http_server();

  uint16_t port() const noexcept;
  /// The gateway's own counters, for example for faas-cli top. Any thread.
  const metrics_source& metrics() const noexcept;

  /// Stops accepting, closes idle connections, answers what is in flight;
  /// after `grace` the rest is answered 503. Returns when all threads ended.
  void stop(duration grace);

private:
  struct impl;
  explicit http_server(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace faas::http
