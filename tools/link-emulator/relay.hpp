// The sockets of an emulated link.
#pragma once

#include "tools/link-emulator/settings.hpp"

#include <utility> // before Boost.Asio 1.74, which forgets it in C++20

#include <boost/asio.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <list>
#include <memory>
#include <string>

namespace faas::emulator {

namespace net = boost::asio;
using net::ip::tcp;
using namespace std::chrono_literals;

/// Bytes that a link holds in its buffers before it stops reading.
inline constexpr auto buffer_time = 200ms;
inline constexpr size_t read_bytes = 4096;

/// One link, one queue per direction, however many connections share it.
struct shared_link {
  link_settings now;
  shaper there{1}, back{2};
};

/// Reads from one socket, writes to the other when the bytes have arrived.
class direction : public std::enable_shared_from_this<direction> {
public:
  direction(std::shared_ptr<tcp::socket> from, std::shared_ptr<tcp::socket> to,
            const link_settings& link, const link_shape& shape, shaper& queue)
    : from_(std::move(from)), to_(std::move(to)), link_(link), shape_(shape),
      timer_(from_->get_executor()), pause_(from_->get_executor()),
      shaper_(queue) {}

  void start() { read(); }

private:
  struct piece {
    time_point at;
    std::string bytes;
  };

  void read() {
    from_->async_read_some(
      net::buffer(buffer_),
      [self = shared_from_this()](boost::system::error_code failed, size_t n) {
        self->on_read(failed, n);
      });
  }

  void on_read(boost::system::error_code failed, size_t n) {
    if (failed) {
      ended_ = true;
      if (waiting_.empty())
        close();
      return;
    }
    const auto now = std::chrono::steady_clock::now();
    if (!link_.cut) {
      waiting_.push_back(
        {shaper_.arrival(shape_, n, now), std::string(buffer_.data(), n)});
      if (waiting_.size() == 1)
        arm();
    }
    const auto ahead = shaper_.backlog(now);
    if (ahead <= buffer_time) {
      read();
      return;
    }
    pause_.expires_after(ahead - buffer_time);
    pause_.async_wait([self = shared_from_this()](auto failed) {
      if (!failed)
        self->read();
    });
  }

  void arm() {
    timer_.expires_at(waiting_.front().at);
    timer_.async_wait([self = shared_from_this()](auto failed) {
      if (!failed)
        self->write();
    });
  }

  void write() {
    // Everything that has arrived by now, in one write.
    const auto now = std::chrono::steady_clock::now();
    out_.clear();
    while (!waiting_.empty() && waiting_.front().at <= now) {
      out_ += waiting_.front().bytes;
      waiting_.pop_front();
    }
    net::async_write(*to_, net::buffer(out_),
                     [self = shared_from_this()](auto failed, size_t) {
                       if (failed || (self->ended_ && self->waiting_.empty()))
                         self->close();
                       else if (!self->waiting_.empty())
                         self->arm();
                     });
  }

  void close() {
    boost::system::error_code ignored;
    from_->close(ignored);
    to_->close(ignored);
    pause_.cancel();
    timer_.cancel();
  }

  std::shared_ptr<tcp::socket> from_, to_;
  const link_settings& link_;
  const link_shape& shape_; ///< of this direction
  net::steady_timer timer_, pause_;
  shaper& shaper_;
  std::array<char, read_bytes> buffer_;
  std::deque<piece> waiting_;
  std::string out_;
  bool ended_ = false;
};

/// Listens on loopback and passes on what comes.
class relay {
public:
  relay(net::io_context& io, uint16_t port, tcp::endpoint to, shared_link& link)
    : acceptor_(io, {net::ip::address_v4::loopback(), port}),
      to_(std::move(to)), link_(link) {
    accept();
  }
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

  void drop() {
    for (auto& socket : open_)
      if (const auto alive = socket.lock()) {
        boost::system::error_code ignored;
        alive->close(ignored);
      }
    open_.clear();
  }
  /// Closes the connection that was opened last.
  void drop_last() {
    for (int ends = 0; ends < 2 && !open_.empty(); ++ends) {
      if (const auto alive = open_.back().lock()) {
        boost::system::error_code ignored;
        alive->close(ignored);
      }
      open_.pop_back();
    }
  }

private:
  void accept() {
    auto client = std::make_shared<tcp::socket>(acceptor_.get_executor());
    acceptor_.async_accept(*client, [this, client](auto failed) {
      if (failed)
        return;
      connect(client);
      accept();
    });
  }

  void connect(const std::shared_ptr<tcp::socket>& client) {
    if (link_.now.cut)
      return; // nobody answers
    auto server = std::make_shared<tcp::socket>(acceptor_.get_executor());
    server->async_connect(to_, [this, client, server](auto failed) {
      if (failed)
        return;
      client->set_option(tcp::no_delay(true));
      server->set_option(tcp::no_delay(true));
      open_.remove_if([](const auto& socket) { return socket.expired(); });
      open_.push_back(client);
      open_.push_back(server);
      std::make_shared<direction>(client, server, link_.now, link_.now.there,
                                  link_.there)
        ->start();
      std::make_shared<direction>(server, client, link_.now, link_.now.back,
                                  link_.back)
        ->start();
    });
  }

  tcp::acceptor acceptor_;
  tcp::endpoint to_;
  shared_link& link_;
  std::list<std::weak_ptr<tcp::socket>> open_;
};

} // namespace faas::emulator
