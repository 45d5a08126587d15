// The seam between the actors and the connections that carry bulk.
#pragma once

#include "libfaas/core/id.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace faas {

/// What a message on a bulk connection is about. One that this version does not
/// know is dropped.
enum class bulk_topic : uint8_t { bundle = 1 };

/// A peer that a link stands with.
struct bulk_peer {
  node_name node;
  boot_id boot; ///< tells its process from a copy of the node
  /// Where to dial it, "host:port", when this node dialled the link; empty: the
  /// peer dials.
  std::string address;
};

/// A message from a peer. The sender has that much less credit until `room` is
/// given up.
struct bulk_arrival {
  node_name from;
  bulk_topic topic{};
  std::string bytes;
  std::shared_ptr<void> room;
};

/// A second connection to each peer, for what is big and can wait: it gives way
/// to all other traffic of the path. A message arrives whole and in order, or
/// is lost with its connection. Any thread.
class bulk_links {
public:
  /// Longest message.
  static constexpr size_t max_message = 512 * 1024;

  struct handlers {
    boot_id self; ///< of this process
    /// On the network's thread; must not block.
    std::function<void(bulk_arrival)> arrived;
    /// The peer's connection stands from now on, or is gone with what was on
    /// it. Likewise.
    std::function<void(const node_name&, bool stands)> changed;
  };

  virtual ~bulk_links() = default;

  /// Who gets what comes; nullopt: nobody from now on, and a call that is under
  /// way has returned.
  virtual void serve(std::optional<handlers> to) = 0;
  /// A link to this peer stands: it may have a bulk connection, and gets one.
  virtual void want(const bulk_peer& peer) = 0;
  /// No link stands any more: its bulk connection is closed, and no other is
  /// taken.
  virtual void forget(const node_name& node) = 0;

  virtual bool carries(const node_name& node) const = 0;
  /// False: there is no connection, or so much waits for it already that the
  /// message was dropped.
  virtual bool send(const node_name& to, bulk_topic topic, std::string message)
    = 0;
};

} // namespace faas
