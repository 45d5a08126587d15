#include "gateway/mqtt/link.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>

namespace faas::mqtt {

using boost::system::error_code;

link::link(boost::asio::io_context& loop, handlers on)
  : resolver_(loop), socket_(loop), on_(std::move(on)) {}

void link::open(const std::string& host, uint16_t port) {
  target_ = host + ":" + std::to_string(port);
  resolver_.async_resolve(
    host, std::to_string(port),
    [self = shared_from_this()](error_code failure,
                                const tcp::resolver::results_type& found) {
      if (self->closed_)
        return;
      if (failure)
        return self->went_down("cannot resolve it: " + failure.message(),
                               "check the host name");
      boost::asio::async_connect(
        self->socket_, found, [self](error_code failure, const auto&) {
          if (self->closed_)
            return;
          if (failure)
            return self->went_down("cannot connect: " + failure.message(),
                                   "is the broker running there?");
          self->connected();
        });
    });
}

void link::connected() {
  open_ = true;
  error_code ignored;
  socket_.set_option(tcp::no_delay{true}, ignored);
  // A full send buffer must drain within the time for an answer to a ping,
  // also on a link of a few Mbit/s.
  socket_.set_option(boost::asio::socket_base::send_buffer_size{256 * 1024},
                     ignored);
  on_.up();
  if (!closed_)
    read();
}

void link::flush() {
  if (closed_ || !open_ || !writing_.empty())
    return;
  if (queued_.empty()) {
    if (finishing_) {
      error_code ignored;
      socket_.shutdown(tcp::socket::shutdown_send, ignored);
    }
    return;
  }
  writing_.swap(queued_);
  written_ = 0;
  write_some();
}

void link::write_some() {
  socket_.async_write_some(
    boost::asio::buffer(writing_.data() + written_, writing_.size() - written_),
    [self = shared_from_this()](error_code failure, size_t bytes) {
      if (self->closed_)
        return;
      if (failure)
        return self->went_down("cannot write: " + failure.message());
      self->written_ += bytes;
      const bool done = self->written_ == self->writing_.size();
      if (done)
        self->writing_.clear();
      self->on_.written(bytes);
      if (self->closed_)
        return;
      if (done)
        self->flush();
      else
        self->write_some();
    });
}

void link::want_input(bool wanted) {
  wanted_ = wanted;
  read();
}

void link::read() {
  if (closed_ || !open_ || reading_ || !(wanted_ || finishing_))
    return;
  reading_ = true;
  socket_.async_read_some(
    boost::asio::buffer(input_),
    [self = shared_from_this()](error_code failure, size_t bytes) {
      self->reading_ = false;
      if (self->closed_)
        return;
      if (failure)
        return self->went_down("the broker closed the connection: "
                               + failure.message());
      if (!self->finishing_)
        self->on_.bytes({self->input_.data(), bytes});
      self->read();
    });
}

void link::finish() {
  finishing_ = true;
  if (!open_)
    return went_down("stopped");
  flush();
  read();
}

void link::close() {
  closed_ = true;
  error_code ignored;
  resolver_.cancel();
  socket_.close(ignored);
}

void link::went_down(const std::string& what, const std::string& next) {
  close();
  on_.down({errc::unavailable, "MQTT broker " + target_ + ": " + what, next});
}

} // namespace faas::mqtt
