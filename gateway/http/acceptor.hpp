// The listening socket. Internal: includes Boost.Asio through loop.hpp.
#pragma once

#include "gateway/http/loop.hpp"

#include <boost/asio/basic_socket_acceptor.hpp>

#include <vector>

namespace faas::http {

/// Accepts on the first loop and deals the sockets out in turn, so that each
/// loop has its share (SO_REUSEPORT leaves the shares to a hash: 32 connections
/// may fall 22 to 10). Bound and listening once made.
class acceptor {
public:
  static result<std::unique_ptr<acceptor>>
  open(const server_config& config, loop_shared& shared,
       const std::vector<std::unique_ptr<http_loop>>& loops);

  uint16_t port() const noexcept { return port_; }
  /// First loop's thread.
  void start() { wait(); }
  /// First loop's thread.
  void close();

private:
  acceptor(loop_shared& shared,
           const std::vector<std::unique_ptr<http_loop>>& loops);
  result<void> bind(const server_config& config);
  void wait();
  void accept_ready();
  void refuse(int socket);

  loop_shared& shared_;
  const std::vector<std::unique_ptr<http_loop>>& loops_;
  net::basic_socket_acceptor<net::ip::tcp, net::io_context::executor_type>
    listener_;
  timer_type pause_; ///< while descriptors are used up
  uint16_t port_ = 0;
  size_t turn_ = 0;
};

} // namespace faas::http
