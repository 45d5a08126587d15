// A cluster of tunnels in one process.
#pragma once

#include "gateway/tls/context.hpp"
#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/join_client.hpp"
#include "gateway/tunnel/tunnel.hpp"
#include "tests/support/member_identity.hpp"
#include "tests/support/memory_trust_store.hpp"
#include "tests/support/wall_clock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/test/unit_test.hpp>

#include <future>
#include <poll.h>
#include <sys/socket.h>

namespace faas::test {

namespace net = boost::asio;
using namespace std::chrono_literals;

/// The result's value, or the test ends with the error.
template <class T>
T must(result<T> got) {
  BOOST_REQUIRE_MESSAGE(got, (got ? "" : got.error().to_string()));
  return std::move(*got);
}

/// Bytes as CAF's transport frames them.
inline std::string basp(uint8_t operation, const std::string& payload,
                        uint32_t announced) {
  std::string bytes(32, '\0');
  bytes[0] = static_cast<char>(operation);
  for (int i = 0; i < 4; ++i)
    bytes[4 + static_cast<size_t>(i)]
      = static_cast<char>(announced >> (24 - 8 * i));
  return bytes + payload;
}
inline std::string basp(uint8_t operation, const std::string& payload) {
  return basp(operation, payload, static_cast<uint32_t>(payload.size()));
}

/// A local end of a connection, as CAF has it. Reads give up after 10 s.
class local_end {
public:
  explicit local_end(int socket = -1) : socket_(socket) {}
  local_end(local_end&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)) {}
  local_end& operator=(local_end&& other) noexcept {
    std::swap(socket_, other.socket_);
    return *this;
  }
  ~local_end() {
    if (socket_ >= 0)
      ::close(socket_);
  }
  bool send(const std::string& bytes) {
    return ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL)
           == static_cast<ssize_t>(bytes.size());
  }
  /// That many bytes; fewer when the other end closed.
  std::string receive(size_t count) {
    std::string got;
    while (got.size() < count) {
      char part[4096];
      pollfd wait{socket_, POLLIN, 0};
      if (::poll(&wait, 1, 10'000) != 1)
        break;
      const auto size
        = ::recv(socket_, part, std::min(sizeof part, count - got.size()), 0);
      if (size <= 0)
        break;
      got.append(part, static_cast<size_t>(size));
    }
    return got;
  }
  /// The other end closes within 10 s.
  bool ends() {
    char byte;
    pollfd wait{socket_, POLLIN, 0};
    for (int i = 0; i < 100; ++i) {
      if (::poll(&wait, 1, 10'000) != 1)
        return false;
      if (::recv(socket_, &byte, 1, 0) <= 0)
        return true;
    }
    return false;
  }

private:
  int socket_;
};

/// A node's tunnel with what it needs, and the calls it takes.
struct test_node {
  test_node(trust::node_identity identity, const wall_clock& clock,
            tunnel::authority* authority, bool listen,
            tunnel::tunnel_config config = {}) {
    config.listen = listen;
    config.identity = std::move(identity);
    tunnel::tunnel_deps deps{
      clock, authority,
      [this](const trust::node_identity& renewed) -> result<void> {
        const std::lock_guard lock{mutex};
        saved.push_back(renewed);
        return {};
      },
      [this](std::string line) {
        const std::lock_guard lock{mutex};
        log += line + "\n";
      },
      [this](const trust::taken_serials& taken) -> result<void> {
        const std::lock_guard lock{mutex};
        kept_revoked.push_back(taken);
        return {};
      }};
    tunnel
      = must(tunnel::node_tunnel::start(std::move(config), std::move(deps)));
    tunnel->serve([this](int socket) {
      const std::lock_guard lock{mutex};
      calls.emplace_back(socket);
      changed.notify_all();
    });
  }
  std::string address() const {
    return "127.0.0.1:" + std::to_string(tunnel->port());
  }
  result<peer_links::opened> open(const std::string& to) {
    auto answer = std::make_shared<std::promise<result<peer_links::opened>>>();
    auto got = answer->get_future();
    tunnel->open(to, [answer](result<peer_links::opened> outcome) {
      answer->set_value(std::move(outcome));
    });
    BOOST_REQUIRE(got.wait_for(30s) == std::future_status::ready);
    return got.get();
  }
  local_end take(uint64_t ticket) { return local_end{tunnel->take(ticket)}; }
  local_end next_call() {
    std::unique_lock lock{mutex};
    BOOST_REQUIRE(changed.wait_for(lock, 30s, [&] { return !calls.empty(); }));
    auto one = std::move(calls.front());
    calls.erase(calls.begin());
    return one;
  }
  bool logged(const std::string& words) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (std::chrono::steady_clock::now() < end) {
      {
        const std::lock_guard lock{mutex};
        if (log.find(words) != log.npos)
          return true;
      }
      ::poll(nullptr, 0, 10); // polls, bounded
    }
    return false;
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::vector<local_end> calls;
  std::vector<trust::node_identity> saved;
  std::vector<trust::taken_serials> kept_revoked;
  std::string log;
  std::unique_ptr<tunnel::node_tunnel> tunnel; ///< last: it calls the others
};

/// A cluster's authority, its own node "cloud-1" which listens, and members.
struct test_cluster {
  test_cluster()
    : authority(must(tunnel::authority::open(store, clock, "petrel"))) {
    authority->belongs_to(node_name{"cloud-1"});
  }
  trust::node_identity own() {
    return must(authority->issue_own(node_name{"cloud-1"}));
  }
  std::string token_for(const std::string& address) {
    return must(authority->make_token("edge", 1h, {address})).text;
  }
  /// A member's identity, without a network.
  trust::node_identity member(const std::string& name) {
    return must(member_of(*authority, name));
  }

  wall_clock clock;
  memory_trust_store store;
  std::unique_ptr<tunnel::authority> authority;
};

/// A TLS client or server that does what no node does; blocking.
struct raw_tls {
  explicit raw_tls(SSL_CTX* with)
    : context(with), stream(io, context) {}
  void connect(uint16_t port) {
    stream.lowest_layer().connect(
      {net::ip::make_address("127.0.0.1"), port});
    timeval patience{10, 0};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
      ::setsockopt(stream.lowest_layer().native_handle(), SOL_SOCKET, option,
                   &patience, sizeof patience);
  }
  boost::system::error_code handshake(std::string_view protocol) {
    if (!protocol.empty())
      tls::ask_for(*stream.native_handle(), protocol);
    boost::system::error_code failed;
    stream.handshake(net::ssl::stream_base::client, failed);
    return failed;
  }
  std::string read(size_t count) {
    std::string got(count, '\0');
    boost::system::error_code failed;
    got.resize(stream.read_some(net::buffer(got), failed));
    return got;
  }

  net::io_context io;
  net::ssl::context context;
  net::ssl::stream<net::ip::tcp::socket> stream;
};

} // namespace faas::test
