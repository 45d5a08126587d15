// A TLS stream straight on a TCP socket.
#pragma once

#include "gateway/tls/socket_bio.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream_base.hpp>

#include <memory>
#include <new>
#include <utility>

namespace faas::tls {

/// In place of boost::asio::ssl::stream: the same calls, without its two copies
/// of each byte in each direction and its operation per record. Not thread safe.
/// One read and one write at a time; handlers own what keeps the stream alive;
/// none is called by the function that was given it. Closing the socket ends what
/// is under way.
class socket_stream {
public:
  using next_layer_type = boost::asio::ip::tcp::socket;
  using lowest_layer_type = next_layer_type::lowest_layer_type;
  using executor_type = next_layer_type::executor_type;
  using failure = boost::system::error_code;

  /// The socket is open, or opened before the handshake.
  socket_stream(next_layer_type socket, boost::asio::ssl::context& context)
    : socket_(std::move(socket)), ssl_(SSL_new(context.native_handle())) {
    if (!ssl_)
      throw std::bad_alloc();
    SSL_set_mode(ssl_.get(), SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
                               | SSL_MODE_RELEASE_BUFFERS);
    SSL_set_read_ahead(ssl_.get(), 1);
    SSL_set_default_read_buffer_len(ssl_.get(), read_ahead);
  }
  socket_stream(boost::asio::io_context& loop,
                boost::asio::ssl::context& context)
    : socket_stream(next_layer_type{loop}, context) {}

  executor_type get_executor() { return socket_.get_executor(); }
  next_layer_type& next_layer() { return socket_; }
  lowest_layer_type& lowest_layer() { return socket_.lowest_layer(); }
  SSL* native_handle() const noexcept { return ssl_.get(); }

  /// `done(failure)`.
  template <class Handler>
  void async_handshake(boost::asio::ssl::stream_base::handshake_type as,
                       Handler done) {
    auto bio = socket_bio(socket_.native_handle());
    if (!bio)
      throw std::bad_alloc();
    BIO_up_ref(bio.get()); // one each for reading and writing
    SSL_set0_rbio(ssl_.get(), bio.get());
    SSL_set0_wbio(ssl_.get(), bio.release());
    if (as == boost::asio::ssl::stream_base::client)
      SSL_set_connect_state(ssl_.get());
    else
      SSL_set_accept_state(ssl_.get());
    perform([this] { return handshake(*ssl_); },
            [done = std::move(done)](const failure& failed, size_t) mutable {
              done(failed);
            },
            true);
  }

  /// `done(failure, size)`. Fills the first buffer with what is there.
  template <class Buffers, class Handler>
  void async_read_some(const Buffers& to, Handler&& done) {
    const boost::asio::mutable_buffer into
      = *boost::asio::buffer_sequence_begin(to);
    perform([this, into] { return read(into); }, std::forward<Handler>(done),
            true);
  }

  /// `done(failure, size)`. Writes all of the first buffer.
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& from, Handler&& done) {
    const boost::asio::const_buffer out
      = *boost::asio::buffer_sequence_begin(from);
    perform([this, out] { return write_all(*ssl_, out.data(), out.size()); },
            std::forward<Handler>(done), true);
  }

private:
  static constexpr size_t read_ahead = 64 * 1024;

  /// OpenSSL tells only once why it broke: kept for the read after this one.
  step read(boost::asio::mutable_buffer into) {
    if (broken_)
      return {progress::failed, 0, broken_};
    auto got = read_some(*ssl_, into.data(), into.size());
    broken_ = got.failed;
    if (got.now == progress::done)
      got.failed = {};
    return got;
  }

  template <class Step, class Handler>
  void perform(Step next, Handler done, bool first) {
    const auto now = next();
    using socket = boost::asio::socket_base;
    switch (now.now) {
    case progress::wants_read:
      return wait(socket::wait_read, std::move(next), std::move(done));
    case progress::wants_write:
      return wait(socket::wait_write, std::move(next), std::move(done));
    case progress::done:
    case progress::failed:
      break;
    }
    if (!first)
      return done(now.failed, now.size);
    boost::asio::post(get_executor(),
                      [done = std::move(done), now]() mutable {
                        done(now.failed, now.size);
                      });
  }

  template <class Step, class Handler>
  void wait(boost::asio::socket_base::wait_type what, Step next, Handler done) {
    socket_.async_wait(what, [this, next = std::move(next),
                              done = std::move(done)](
                               const failure& failed) mutable {
      if (failed)
        done(failed, size_t{0});
      else
        perform(std::move(next), std::move(done), false);
    });
  }

  next_layer_type socket_;
  std::unique_ptr<SSL, frees<SSL_free>> ssl_;
  failure broken_;
};

} // namespace faas::tls
