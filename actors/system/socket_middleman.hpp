// CAF's transport over sockets that others have connected.
#pragma once

#include "libfaas/ports/peer_links.hpp"

#include <caf/actor.hpp>
#include <caf/fwd.hpp>
#include <caf/io/middleman_actor.hpp>

#include <memory>
#include <string>

namespace faas::actors {

/// CAF's transport has no authentication, so it opens no socket of its own: it
/// runs over AF_UNIX socket pairs whose other end the tunnel holds. No path, no
/// port: nobody else can connect.
class socket_middleman {
public:
  /// `links` must outlive the actor system. Destroy it before the system.
  socket_middleman(caf::actor_system& system, peer_links& links);
  ~socket_middleman();

  /// Takes connect requests with the ticket as host: see host_of().
  const caf::io::middleman_actor& actor() const noexcept { return actor_; }
  static std::string host_of(uint64_t ticket) {
    return std::to_string(ticket);
  }

  /// Peers get `first` to talk to; then their connections are accepted.
  /// Blocks, at most for seconds.
  result<void> publish(const caf::actor& first);
  /// Accepts no more.
  void close();

private:
  struct door;
  class middleman;
  class doorman;
  caf::actor_system& system_;
  peer_links& links_;
  std::shared_ptr<door> door_;
  caf::io::middleman_actor actor_;
};

/// The id of a node as CAF's transport announces it in its handshake.
std::string transport_id(caf::actor_system& system, const caf::node_id& node);

} // namespace faas::actors
