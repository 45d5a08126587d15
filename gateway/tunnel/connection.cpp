#include "gateway/tunnel/connection.hpp"

#include "gateway/tunnel/text.hpp"

#include <boost/asio/write.hpp>

#include <algorithm>

namespace faas::tunnel {

connection::connection(uint64_t number, std::shared_ptr<tls_stream> peer,
                       net::local::stream_protocol::socket local,
                       trust::certificate_facts who, bool dialled,
                       std::string early, events to)
  : number_(number),
    peer_(std::move(peer)),
    local_(std::move(local)),
    who_(std::move(who)),
    guard_(dialled ? trust::link_guard::side::dialled
                   : trust::link_guard::side::accepted),
    to_(std::move(to)),
    in_(buffer_bytes),
    out_(buffer_bytes),
    early_(std::min(early.size(), buffer_bytes)) {
  std::copy_n(early.begin(), early_, in_.begin());
}

std::string connection::address() const {
  failure failed;
  const auto at = peer_->lowest_layer().remote_endpoint(failed);
  if (failed)
    return {};
  const auto host = at.address().to_string();
  return (at.address().is_v6() ? "[" + host + "]" : host) + ":"
         + std::to_string(at.port());
}

void connection::start() {
  if (early_ > 0)
    pass_in(early_);
  else
    read_peer();
  read_local();
}

void connection::read_peer() {
  peer_->async_read_some(
    net::buffer(in_), [self = shared_from_this()](const failure& failed,
                                                  size_t size) {
      if (self->closed_)
        return;
      if (failed)
        return self->close(reason(failed));
      self->pass_in(size);
    });
}

void connection::pass_in(size_t size) {
  if (auto good = guard_.feed({in_.data(), size}); !good)
    return close(good.error().message);
  if (!told_ && guard_.announced()) {
    told_ = true;
    to_.announced(*this);
  }
  if (deaf_) // the local side is gone: only wait for the peer's end
    return read_peer();
  net::async_write(
    local_, net::buffer(in_.data(), size),
    [self = shared_from_this()](const failure& failed, size_t) {
      if (self->closed_)
        return;
      self->deaf_ = bool{failed}; // what it said last is still to be sent
      self->read_peer();
    });
}

void connection::read_local() {
  local_.async_read_some(
    net::buffer(out_), [self = shared_from_this()](const failure& failed,
                                                   size_t size) {
      if (self->closed_)
        return;
      if (failed)
        return self->local_ended();
      self->deadline_ = std::chrono::steady_clock::now() + write_patience;
      net::async_write(
        *self->peer_, net::buffer(self->out_.data(), size),
        [self](const failure& failed, size_t) {
          if (self->closed_)
            return;
          self->deadline_.reset();
          if (failed)
            return self->close(reason(failed));
          self->read_local();
        });
    });
}

/// All that the node said is written: the peer shall read it before the end.
void connection::local_ended() {
  leaving_ = deaf_ = true;
  deadline_ = std::chrono::steady_clock::now() + goodbye_patience;
  failure ignored;
  local_.close(ignored); // CAF waits for it
  peer_->lowest_layer().shutdown(net::socket_base::shutdown_send, ignored);
}

void connection::check(time_point now) {
  if (!closed_ && deadline_ && now > *deadline_)
    close(leaving_ ? "the node closed the link" : "the peer does not read");
}

void connection::close(const std::string& why) {
  if (std::exchange(closed_, true))
    return;
  to_.ended(*this, why); // first: who sees the end finds it gone
  failure ignored;
  local_.close(ignored);
  peer_->lowest_layer().close(ignored);
}

} // namespace faas::tunnel
