// A connection that this node opens, until it is handed on.
#pragma once

#include "gateway/tunnel/hub.hpp"
#include "libfaas/ports/peer_links.hpp"

namespace faas::tunnel {

/// Look-up, TCP, TLS, the peer's verdict.
class outgoing final : public handshake,
                       public std::enable_shared_from_this<outgoing> {
public:
  using answer = std::function<void(result<peer_links::opened>)>;
  /// `address`: host:port.
  outgoing(hub& owner, std::string address, answer done)
    : owner_(owner),
      stream_(owner.new_stream()),
      resolver_(owner.io()),
      address_(std::move(address)),
      done_(std::move(done)) {}

  void start();
  void give_up(const std::string& why) override;

private:
  void shake_hands();
  void read_verdict();
  void judge(size_t end);
  void stop(result<peer_links::opened> outcome);
  bool good(const failure& failed);

  hub& owner_;
  std::shared_ptr<tls_stream> stream_;
  net::ip::tcp::resolver resolver_;
  std::string address_;
  answer done_;
  trust::certificate_facts who_;
  std::string text_; ///< of the verdict, and what came with it
  size_t have_ = 0;
};

} // namespace faas::tunnel
