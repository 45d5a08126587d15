// A connection that this node opens, until it is handed on.
#pragma once

#include "gateway/tunnel/hub.hpp"
#include "libfaas/ports/peer_links.hpp"

namespace faas::tunnel {

/// What to connect to, as what.
struct call_to {
  using taker = std::function<result<uint64_t>(
    std::shared_ptr<tls_stream>, trust::certificate_facts, std::string early)>;

  std::string address; ///< host:port
  std::string_view protocol;
  std::string greeting; ///< said before the peer's verdict; may be empty
  /// Takes the connection over: its ticket.
  taker keep;
};

/// Look-up, TCP, TLS, the peer's verdict.
class outgoing final : public handshake,
                       public std::enable_shared_from_this<outgoing> {
public:
  using answer = std::function<void(result<peer_links::opened>)>;
  outgoing(hub& owner, call_to what, answer done)
    : owner_(owner),
      stream_(owner.new_stream()),
      resolver_(owner.io()),
      what_(std::move(what)),
      done_(std::move(done)) {}

  void start();
  void give_up(const std::string& why) override;

private:
  void shake_hands();
  void greet();
  void read_verdict();
  void judge(size_t end);
  void stop(result<peer_links::opened> outcome);
  bool good(const failure& failed);

  hub& owner_;
  std::shared_ptr<tls_stream> stream_;
  net::ip::tcp::resolver resolver_;
  call_to what_;
  answer done_;
  trust::certificate_facts who_;
  std::string text_; ///< of the verdict, and what came with it
  size_t have_ = 0;
};

} // namespace faas::tunnel
