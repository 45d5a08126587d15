#include "gateway/http/acceptor.hpp"

#include <boost/asio/ip/address.hpp>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

namespace faas::http {
namespace {

constexpr int backlog = 1024;
/// Connections taken in one turn of the loop.
constexpr int accepts_per_turn = 64;
constexpr auto pause_time = std::chrono::milliseconds{100};
constexpr std::string_view busy
  = "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: "
    "1\r\n"
    "Content-Type: application/json\r\nContent-Length: 106\r\n\r\n"
    "{\"error\":{\"code\":\"overloaded\",\"message\":\"too many connections\","
    "\"next\":\"repeat later, reuse connections\"}}\n";
static_assert(busy.size() - busy.find("{\"error") == 106);

std::string address_of(const sockaddr_storage& peer) {
  char text[INET6_ADDRSTRLEN] = "";
  if (peer.ss_family == AF_INET)
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr,
                text, sizeof text);
  else if (peer.ss_family == AF_INET6)
    ::inet_ntop(AF_INET6,
                &reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr, text,
                sizeof text);
  return text;
}

} // namespace

acceptor::acceptor(loop_shared& shared,
                   const std::vector<std::unique_ptr<http_loop>>& loops)
  : shared_(shared), loops_(loops),
    listener_(loops.front()->io().get_executor()),
    pause_(loops.front()->io().get_executor()) {}

result<std::unique_ptr<acceptor>>
acceptor::open(const server_config& config, loop_shared& shared,
               const std::vector<std::unique_ptr<http_loop>>& loops) {
  auto made = std::unique_ptr<acceptor>{new acceptor{shared, loops}};
  if (auto bound = made->bind(config); !bound)
    return bound.error();
  return made;
}

result<void> acceptor::bind(const server_config& config) {
  boost::system::error_code failed;
  const auto address = net::ip::make_address(config.address, failed);
  if (failed)
    return error{errc::invalid_argument,
                 "\"" + config.address + "\" is no IP address",
                 "use 127.0.0.1"};
  if (!address.is_loopback())
    return error{errc::invalid_argument,
                 "the gateway speaks plain HTTP, so it does not listen on "
                   + config.address,
                 "use 127.0.0.1, and a TLS proxy for other machines"};
  const auto endpoint = net::ip::tcp::endpoint{address, config.port};
  listener_.open(endpoint.protocol(), failed);
  if (!failed)
    listener_.set_option(net::socket_base::reuse_address{true}, failed);
  if (!failed)
    listener_.bind(endpoint, failed);
  if (!failed)
    listener_.listen(backlog, failed);
  if (!failed)
    listener_.native_non_blocking(true, failed);
  if (failed == net::error::address_in_use)
    return error{
      errc::conflict, "port " + std::to_string(config.port) + " is taken",
      "stop the other program (ss -ltnp | grep " + std::to_string(config.port)
        + " names it), or choose another port; 0 takes a free one"};
  if (failed)
    return error{errc::unavailable,
                 "cannot listen on " + config.address + " port "
                   + std::to_string(config.port) + ": " + failed.message(),
                 "choose another port"};
  port_ = listener_.local_endpoint().port();
  return {};
}

void acceptor::wait() {
  listener_.async_wait(net::socket_base::wait_read,
                       [this](const boost::system::error_code& failed) {
                         if (!failed)
                           accept_ready();
                       });
}

void acceptor::accept_ready() {
  for (int i = 0; i < accepts_per_turn; ++i) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    const auto socket
      = ::accept4(listener_.native_handle(), reinterpret_cast<sockaddr*>(&peer),
                  &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (socket < 0 && (errno == ECONNABORTED || errno == EINTR))
      continue;
    if (socket < 0
        && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
            || errno == ENOMEM)) {
      // Without a pause this loop would spin until a descriptor is free.
      pause_.expires_after(pause_time);
      pause_.async_wait([this](const boost::system::error_code& failed) {
        if (!failed)
          wait();
      });
      return;
    }
    if (socket < 0)
      break;
    if (shared_.connections.fetch_add(1) >= shared_.config.max_connections) {
      --shared_.connections;
      refuse(socket);
      continue;
    }
    loops_[turn_++ % loops_.size()]->adopt(socket, address_of(peer));
  }
  wait();
}

void acceptor::refuse(int socket) {
  ++shared_.refused;
  [[maybe_unused]] const auto sent
    = ::send(socket, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  // Closing with unread input would reset the connection and lose the answer.
  ::shutdown(socket, SHUT_WR);
  char scratch[4096];
  while (::recv(socket, scratch, sizeof scratch, MSG_DONTWAIT) > 0) {
  }
  ::close(socket);
}

void acceptor::close() {
  boost::system::error_code ignored;
  listener_.close(ignored);
  pause_.cancel();
}

} // namespace faas::http
