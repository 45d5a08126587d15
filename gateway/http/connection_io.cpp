// Bytes: reading, writing, closing.
#include "gateway/http/connection.hpp"

#include <boost/asio/buffer.hpp>

#include <array>

#include <sys/socket.h>
#include <sys/uio.h>

namespace faas::http {
namespace {

constexpr size_t head_read = 4 * 1024;
constexpr size_t body_read = 64 * 1024;
/// Unsent bytes above which no further pipelined request is begun.
constexpr size_t max_unsent = 64 * 1024;
constexpr duration linger_time = std::chrono::seconds{1};

} // namespace

bool connection::reads() const noexcept {
  switch (phase_) {
  case phase::head:
  case phase::body:
  case phase::discard:
    return !close_after_ && out_.size() < max_unsent && tail_.empty();
  case phase::upload:
    return !close_after_ && !upload_paused_;
  case phase::lingering:
    return true;
  default:
    return false;
  }
}

void connection::settle() {
  if (phase_ == phase::closed)
    return close();
  do { // until all is sent and nothing more has come
    if (!flush())
      return;
  } while (send_parts());
  if (reads() && !reading_ && !pump_posted_)
    arm_read();
}

void connection::arm_read() {
  const auto wanted = phase_ == phase::head ? head_read : body_read;
  if (phase_ == phase::lingering)
    in_.reset(body_read);
  if (in_.room() < head_read / 4 || (wanted > head_read && in_.empty()))
    in_.prepare(wanted);
  reading_ = true;
  socket_.async_read_some(net::buffer(in_.prepare(1), in_.room()),
                          [this](const boost::system::error_code& failed,
                                 size_t count) { on_read(failed, count); });
}

void connection::on_read(const boost::system::error_code& failed,
                         size_t count) {
  reading_ = false;
  if (phase_ == phase::closed)
    return close();
  if (failed)
    return client_gone();
  loop_.cells().bytes_in.add(count);
  if (phase_ == phase::lingering)
    return settle();
  in_.commit(count);
  pump();
}

/// Sends what the socket takes. True when nothing is left and the connection
/// goes on.
bool connection::flush() {
  while (!writing_ && (!out_.empty() || !tail_.empty())) {
    const auto first = out_.view();
    const auto second = tail_.view().substr(tail_sent_);
    ssize_t sent = 0;
    if (second.empty()) {
      sent = ::send(socket_.native_handle(), first.data(), first.size(),
                    MSG_NOSIGNAL | MSG_DONTWAIT);
    } else {
      std::array<iovec, 2> parts{
        {{const_cast<char*>(first.data()), first.size()},
         {const_cast<char*>(second.data()), second.size()}}};
      msghdr message{};
      message.msg_iov = parts.data();
      message.msg_iovlen = parts.size();
      sent = ::sendmsg(socket_.native_handle(), &message,
                       MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      wait_writable();
      return false;
    }
    if (sent < 0) {
      client_gone();
      return false;
    }
    const auto count = static_cast<size_t>(sent);
    loop_.cells().bytes_out.add(count);
    const auto of_first = std::min(count, first.size());
    out_.consume(of_first);
    tail_sent_ += count - of_first;
    if (tail_sent_ == tail_.size()) {
      tail_ = {};
      tail_sent_ = 0;
    }
  }
  if (writing_)
    return false;
  sent_all();
  return phase_ != phase::closed;
}

void connection::wait_writable() {
  writing_ = true;
  write_since_ = loop_.coarse_now();
  socket_.async_wait(socket_type::wait_write,
                     [this](const boost::system::error_code& failed) {
                       writing_ = false;
                       if (phase_ == phase::closed)
                         return close();
                       if (failed)
                         return client_gone();
                       pump();
                     });
}

void connection::sent_all() {
  if (close_after_ && (phase_ == phase::head || phase_ == phase::discard))
    linger();
}

/// Closing with unread input makes the kernel reset the connection, and the
/// client would lose the answer: stop sending, and read until it has closed.
void connection::linger() {
  boost::system::error_code ignored;
  if (!unread_ && in_.empty() && socket_.available(ignored) == 0)
    return close();
  socket_.shutdown(socket_type::shutdown_send, ignored);
  phase_ = phase::lingering;
  phase_since_ = loop_.coarse_now();
}

bool connection::client_left() const noexcept {
  char byte = 0;
  const auto got
    = ::recv(const_cast<connection*>(this)->socket_.native_handle(), &byte, 1,
             MSG_PEEK | MSG_DONTWAIT);
  return got == 0
         || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK
             && errno != EINTR);
}

void connection::check(time_point now) {
  const auto& config = loop_.config();
  if (writing_ && now - write_since_ > config.write_timeout) {
    loop_.cells().timeouts.add();
    return client_gone();
  }
  const auto since = now - phase_since_;
  switch (phase_) {
  case phase::head:
    if (head_started_ && since > config.header_timeout) {
      loop_.cells().timeouts.add();
      bad_request(parse_status::need_more);
      settle();
    } else if (!head_started_ && !writing_ && since > config.idle_timeout) {
      close();
    }
    break;
  case phase::body:
  case phase::discard:
    if (since > config.body_timeout) {
      loop_.cells().timeouts.add();
      bad_request(parse_status::need_more);
      settle();
    }
    break;
  case phase::upload:
    if (!upload_paused_ && since > config.upload_timeout) {
      loop_.cells().timeouts.add();
      client_gone();
    }
    break;
  case phase::waiting:
  case phase::api:
  case phase::streaming:
    if (!writing_ && client_left())
      client_gone();
    break;
  case phase::lingering:
    if (since > linger_time)
      close();
    break;
  case phase::closed:
    break;
  }
}

void connection::drain() {
  const auto idle
    = phase_ == phase::head && in_.empty() && out_.empty() && tail_.empty();
  if (idle)
    return close();
  keep_alive_ = false;
}

void connection::abort() {
  if (phase_ == phase::closed)
    return;
  close_after_ = true;
  flush();
  if (phase_ != phase::closed)
    close();
}

void connection::client_gone() {
  if (phase_ == phase::waiting) {
    loop_.cells().clients_gone.add();
    loop_.table().drop(token_);
    if (cells_)
      cells_->answered(http_status(errc::cancelled), loop_.now() - accepted_);
  }
  close();
}

void connection::close() {
  if (phase_ != phase::closed) {
    lose_api();
    leave_parts();
    phase_ = phase::closed;
    loop_.release_reading(std::exchange(reserved_, 0));
    boost::system::error_code ignored;
    socket_.close(ignored);
  }
  // The aborted operations still refer to this object.
  if (!reading_ && !writing_ && !pumping_)
    loop_.bury(id_);
}

} // namespace faas::http
