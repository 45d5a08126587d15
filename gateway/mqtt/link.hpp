// One TCP connection to a broker. Internal to the client.
#pragma once

#include "libfaas/core/error.hpp"

#include <utility> // Boost.Asio 1.74 needs it and does not include it

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace faas::mqtt {

/// Resolves, connects, reads while wanted, writes in order. Used for one
/// attempt and thrown away. All calls and handlers on the loop's thread; after
/// close() no handler is called.
class link : public std::enable_shared_from_this<link> {
public:
  struct handlers {
    std::function<void()> up;
    std::function<void(std::string_view)> bytes;
    std::function<void(size_t)> written;
    std::function<void(error)> down; ///< at most once, the last
  };

  link(boost::asio::io_context& loop, handlers on);

  void open(const std::string& host, uint16_t port);
  /// Appends to what is to be written; flush() begins.
  void send(std::string_view bytes) { queued_ += bytes; }
  void flush();
  /// Reading stops after the bytes already asked for, so that the kernel's
  /// window closes and the peer has to wait.
  void want_input(bool wanted);
  /// Writes what is queued, closes its direction, and waits for the peer to
  /// do the same (handler down): closing at once with unread bytes would reset
  /// the connection and could lose what was just written.
  void finish();
  /// At once and silently.
  void close();

private:
  using tcp = boost::asio::ip::tcp;
  void connected();
  void write_some();
  void read();
  void went_down(const std::string& what, const std::string& next = {});

  tcp::resolver resolver_;
  tcp::socket socket_;
  handlers on_;
  std::string target_; ///< host:port, for messages
  std::array<char, 64 * 1024> input_;
  std::string queued_;
  std::string writing_;
  size_t written_ = 0; ///< prefix of writing_
  bool open_ = false;
  bool closed_ = false;
  bool wanted_ = true;
  bool reading_ = false;
  bool finishing_ = false;
};

} // namespace faas::mqtt
