// CAF's connections over sockets of this machine. Internal to the transport.
#pragma once

#include <caf/fwd.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/scribe.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace faas::actors {

/// The connections of one actor system, and when a new one may begin.
///
/// CAF 0.17 knows a connection by its descriptor, and ends one in steps: it
/// closes the descriptor, takes the route away when all that came is unpacked,
/// tells those who watch the peer's actors, and at last removes its proxies by
/// the ids of their actors. What a peer that calls again in between gets is
/// taken away with the rest; it is deaf until the heartbeats' timeout. So
/// connections have numbers of their own, and a new one waits for these steps.
class local_connections
  : public std::enable_shared_from_this<local_connections> {
public:
  explicit local_connections(caf::actor_system& system);

  /// Owns `socket`. Any thread.
  caf::io::scribe_ptr make(int socket);

  /// Calls `then` on the multiplexer's thread as soon as all that has ended by
  /// now is taken away; after `patience` in any case. Any thread.
  void when_settled(std::function<void()> then,
                    std::chrono::milliseconds patience
                    = std::chrono::seconds{1});

  /// For the scribe: its socket is about to be closed.
  void closing(int64_t number);

private:
  using time_point = std::chrono::steady_clock::time_point;
  void try_settle(std::function<void()> then, time_point until);
  bool routes_lead_on();

  caf::actor_system& system_;
  caf::io::network::default_multiplexer& multiplexer_;
  std::mutex mutex_;
  int64_t last_ = 0;
  std::map<int64_t, int> sockets_; ///< by number; -1: closed
};

} // namespace faas::actors
