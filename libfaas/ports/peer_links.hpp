// The seam between the actors and what connects this node to others.
#pragma once

#include "libfaas/core/id.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace faas {

/// Who the other end of a connection is, as its certificate says.
struct peer_identity {
  node_name node;
  bool controller = false; ///< it may act as the cluster's controller
  bool operator==(const peer_identity&) const = default;
};

/// Where a connection came from or leads to.
struct peer_origin {
  std::string address; ///< "10.0.0.7:41234"
  std::string serial;  ///< of the certificate that was shown
};

/// Connections to other nodes whose ends have proved who they are. The actors
/// see each as a local socket. Any thread.
class peer_links {
public:
  struct opened {
    uint64_t ticket = 0; ///< for take()
    peer_identity peer;
  };

  virtual ~peer_links() = default;

  /// Connects to the node at "host:port". `done` is called once, on any thread,
  /// within the connect deadline.
  virtual void open(const std::string& address,
                    std::function<void(result<opened>)> done)
    = 0;
  /// The socket of an opened connection, which the caller then owns; -1 when
  /// it is gone. One that is not taken within seconds is closed.
  virtual int take(uint64_t ticket) = 0;

  /// `accept` gets the socket of each connection that another node opened, and
  /// owns it; null refuses all from now on, and waits for a call under way.
  virtual void serve(std::function<void(int)> accept) = 0;

  /// The node on whose connection this id of CAF's transport was announced.
  /// Nullopt when there is no such connection.
  virtual std::optional<peer_identity>
  owner(std::string_view transport_id) const
    = 0;
  /// Of the same connection; empty when there is none.
  virtual peer_origin origin(std::string_view transport_id) const = 0;

  /// Where the cluster's controllers may be dialled, as "host:port": kept for
  /// renewals and for the node's next start.
  virtual void controllers_at(std::vector<std::string> addresses) {
    (void) addresses;
  }
};

} // namespace faas
