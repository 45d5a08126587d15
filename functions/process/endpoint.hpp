// Where a running program serves, and how to reach it.
#pragma once

#include "functions/process/io_wait.hpp"
#include "functions/process/unique_fd.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <sys/types.h>

namespace faas::process {

/// The network of a running program, held open so that it stays the same one.
class network {
public:
  /// Of the program with that process id, which must still run afterwards (the
  /// caller checks, so that a number used again is not believed).
  /// errc::unavailable with the reason.
  static result<network> of(pid_t program);

  /// Whether it is this process's own.
  bool shared() const noexcept { return shared_; }
  /// A TCP socket in that network, not blocking. Its network stays, so it may
  /// be connected from here. Costs some 50 us where it is not the own one.
  result<unique_fd> tcp_socket() const;

private:
  unique_fd net_, user_;
  bool shared_ = false;
};

/// One place to connect to. Thread safe: nothing changes.
class endpoint {
public:
  /// A TCP port on the loopback of that network.
  endpoint(network in, uint16_t port) : network_(std::move(in)), port_(port) {}
  /// A unix socket. What lies there is not believed to be one: links are not
  /// followed, so that a program cannot point at another's socket.
  explicit endpoint(std::filesystem::path socket)
    : socket_(std::move(socket)) {}

  /// errc::unavailable: it does not listen (yet). errc::deadline_exceeded,
  /// errc::cancelled by the waiter. Blocks up to `until`.
  result<unique_fd> connect(time_point until, const io_waiter& wait) const;

private:
  result<unique_fd> connect_unix() const;
  result<unique_fd> connect_tcp(time_point until, const io_waiter& wait) const;

  network network_;
  uint16_t port_ = 0;
  std::filesystem::path socket_;
};

/// Listens on 127.0.0.1 with that socket (none: one of this process's network);
/// port 0: any free one. errc::unavailable.
result<unique_fd> listen_on_loopback(unique_fd with, uint16_t port);
/// Of a TCP socket, 0 when it has none.
uint16_t port_of(int fd) noexcept;

/// A TCP port of this machine's loopback that nobody had a moment ago.
/// errc::unavailable.
result<uint16_t> free_port();

} // namespace faas::process
