// What handshakes need of the tunnel. On the tunnel's thread.
#pragma once

#include "gateway/tunnel/connection.hpp"
#include "gateway/tunnel/join_messages.hpp"

namespace faas::tunnel {

/// A connection that is not yet one: it has a deadline.
class handshake {
public:
  virtual ~handshake() = default;
  /// Ends it; it does nothing any more.
  virtual void give_up(const std::string& why) = 0;
};

class hub {
public:
  virtual ~hub() = default;
  virtual net::io_context& io() = 0;
  virtual std::shared_ptr<tls_stream> new_stream() = 0;

  /// Who the other end is, once TLS has checked its signature, and whether it
  /// may talk to this node. errc::forbidden.
  virtual result<trust::certificate_facts> peer_of(tls_stream& stream) = 0;
  /// Gives the connection to the actors: they take calls (false: not now).
  virtual bool accept(std::shared_ptr<tls_stream> stream,
                      trust::certificate_facts who)
    = 0;
  /// Whether a process of that node may have a bulk connection; then it gets
  /// it. errc::forbidden.
  virtual result<void> may_have_bulk(const trust::certificate_facts& who,
                                     const boot_id& boot)
    = 0;
  virtual void accept_bulk(std::shared_ptr<tls_stream> stream,
                           trust::certificate_facts who)
    = 0;
  /// Answers a join in JSON, later, on the tunnel's thread. `who`: the
  /// certificate that the asker has shown.
  virtual void answer(join_question question,
                      std::optional<trust::certificate_facts> who,
                      std::function<void(std::string)> done)
    = 0;
  /// For the log, which is kept short however many there are.
  virtual void refused(const std::string& from, const std::string& why) = 0;
  virtual void over(handshake& one) = 0;
};

/// First line of the accepting side: "ok", or "no" and the reason.
inline constexpr size_t max_verdict = 512;
std::string verdict(const result<void>& admitted);

} // namespace faas::tunnel
