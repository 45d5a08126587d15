// The node's one port for other nodes, and its connections to them.
#pragma once

#include "gateway/tunnel/authority.hpp"
#include "libfaas/bulk/line.hpp"
#include "libfaas/ports/bulk_links.hpp"
#include "libfaas/ports/metrics.hpp"
#include "libfaas/ports/peer_links.hpp"
#include "libfaas/trust/identity.hpp"

#include <functional>
#include <memory>

namespace faas::tunnel {

struct tunnel_config {
  bool listen = false;
  std::string address = "127.0.0.1"; ///< an IP address; any
  uint16_t port = 0;                 ///< 0: any free one
  trust::node_identity identity;

  /// At once, in each direction. Over it the oldest call makes room, so that
  /// idle connections keep no node out.
  size_t max_handshakes = 64;
  size_t max_connections = 1024; ///< over it: closed
  duration handshake_patience = std::chrono::seconds{8};
  duration take_patience = std::chrono::seconds{10};
  /// What the controller's node said before this start.
  trust::taken_serials revoked;
  /// How often a node without the CA that listens asks what was revoked.
  duration revoked_every = std::chrono::seconds{5};
  bulk::line_options bulk_line = {};
  uint64_t seed = 0; ///< of the pauses between calls
};

/// All outlive the tunnel.
struct tunnel_deps {
  const clock_source& clock;
  /// With it, other nodes may join here.
  tunnel::authority* authority = nullptr;
  /// Makes a renewed identity durable. The tunnel's worker thread.
  std::function<result<void>(const trust::node_identity&)> save;
  std::function<void(std::string)> log;
  /// Makes what was revoked durable, whenever it has changed. The worker
  /// thread; may be null.
  std::function<result<void>(const trust::taken_serials&)> keep_revoked = {};
};

/// Mutual TLS 1.3 with nodes of the same cluster, by its own threads (one for
/// the connections, one for what blocks). Checks each peer when it connects and
/// twice a second: a revoked or expired one is cut off. Renews the own
/// certificate when it is due.
class node_tunnel final : public peer_links {
public:
  /// Binds and serves. errc::invalid_argument (address, identity),
  /// errc::conflict (port taken), errc::unavailable.
  static result<std::unique_ptr<node_tunnel>> start(tunnel_config config,
                                                    tunnel_deps deps);
  ~node_tunnel() override;

  uint16_t port() const noexcept; ///< 0: does not listen
  /// Connections that carry links now. Any thread.
  size_t connections() const;
  /// The second connection to each peer. As long as the tunnel.
  bulk_links& bulk() noexcept;
  /// Of bulk connections.
  const metrics_source& metrics() const noexcept;
  /// Closes all. Returns when the threads have ended.
  void stop();

  // peer_links
  void open(const std::string& address,
            std::function<void(result<opened>)> done) override;
  int take(uint64_t ticket) override;
  void serve(std::function<void(int)> accept) override;
  std::optional<peer_identity>
  owner(std::string_view transport_id) const override;
  void controllers_at(std::vector<std::string> addresses) override;
  peer_origin origin(std::string_view transport_id) const override;

private:
  struct impl;
  explicit node_tunnel(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace faas::tunnel
