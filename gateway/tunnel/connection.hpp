// One connection to another node: a TLS stream spliced with a local socket.
#pragma once

#include "gateway/tls/socket_stream.hpp"
#include "libfaas/core/clock.hpp"
#include "libfaas/trust/link_guard.hpp"
#include "libfaas/trust/rules.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace faas::tunnel {

namespace net = boost::asio;
using failure = boost::system::error_code;
using tls_stream = tls::socket_stream;

/// Bytes of CAF's transport from one side to the other, as they are, but seen
/// by a guard. On the tunnel's thread only. Each direction has one buffer: a
/// slow side slows the other down.
class connection : public std::enable_shared_from_this<connection> {
public:
  struct events {
    /// The peer's transport id is known.
    std::function<void(connection&)> announced;
    /// Over, and why; last call.
    std::function<void(connection&, const std::string& why)> ended;
  };

  /// `early`: bytes that were read from the peer already.
  connection(uint64_t number, std::shared_ptr<tls_stream> peer,
             net::local::stream_protocol::socket local,
             trust::certificate_facts who, bool dialled, std::string early,
             events to);

  void start();
  /// Closes at once. Nothing is called but ended().
  void close(const std::string& why);
  /// Closes when a write to the peer or the wait for its end takes too long.
  void check(time_point now);

  uint64_t number() const noexcept { return number_; }
  const trust::certificate_facts& who() const noexcept { return who_; }
  const std::string& announced() const noexcept { return *guard_.announced(); }
  /// Of the other machine, "10.0.0.7:41234"; empty when it has gone.
  std::string address() const;

private:
  static constexpr size_t buffer_bytes = 64 * 1024;
  static constexpr auto write_patience = std::chrono::seconds{15};
  static constexpr auto goodbye_patience = std::chrono::seconds{2};

  void read_peer();
  void read_local();
  void pass_in(size_t size);
  void local_ended();

  uint64_t number_;
  std::shared_ptr<tls_stream> peer_;
  net::local::stream_protocol::socket local_;
  trust::certificate_facts who_;
  trust::link_guard guard_;
  events to_;
  std::vector<char> in_, out_;
  size_t early_ = 0;
  std::optional<time_point> deadline_; ///< of a write, or of the goodbye
  bool deaf_ = false;    ///< the local side takes no more
  bool leaving_ = false; ///< nor says more
  bool told_ = false;    ///< announced
  bool closed_ = false;
};

} // namespace faas::tunnel
