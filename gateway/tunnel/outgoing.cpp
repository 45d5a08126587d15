#include "gateway/tunnel/outgoing.hpp"

#include "gateway/tls/context.hpp"
#include "gateway/tunnel/text.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>

namespace faas::tunnel {

void outgoing::start() {
  const auto& address = what_.address;
  const auto colon = address.rfind(':');
  if (colon == address.npos)
    return stop(error{errc::invalid_argument,
                      "\"" + address + "\" is not host:port"});
  resolver_.async_resolve(
    plain_host(address.substr(0, colon)), address.substr(colon + 1),
    [self = shared_from_this()](const failure& failed, auto found) {
      if (self->good(failed))
        net::async_connect(self->stream_->lowest_layer(), found,
                           [self](const failure& failed, const auto&) {
                             if (self->good(failed))
                               self->shake_hands();
                           });
    });
}

void outgoing::shake_hands() {
  failure ignored;
  stream_->lowest_layer().set_option(net::ip::tcp::no_delay{true}, ignored);
  if (!tls::ask_for(*stream_->native_handle(), what_.protocol))
    return give_up("out of memory");
  stream_->async_handshake(
    net::ssl::stream_base::client,
    [self = shared_from_this()](const failure& failed) {
      if (!self->good(failed))
        return;
      auto who = self->owner_.peer_of(*self->stream_);
      if (!who)
        return self->stop(who.error());
      if (tls::protocol_of(*self->stream_->native_handle())
          != self->what_.protocol)
        return self->give_up("it does not speak Petrel's protocol");
      self->who_ = std::move(*who);
      self->text_.resize(2 * max_verdict);
      self->greet();
    });
}

void outgoing::greet() {
  if (what_.greeting.empty())
    return read_verdict();
  net::async_write(*stream_, net::buffer(what_.greeting),
                   [self = shared_from_this()](const failure& failed, size_t) {
                     if (self->good(failed))
                       self->read_verdict();
                   });
}

void outgoing::read_verdict() {
  stream_->async_read_some(
    net::buffer(text_.data() + have_, text_.size() - have_),
    [self = shared_from_this()](const failure& failed, size_t size) {
      if (!self->good(failed))
        return;
      self->have_ += size;
      const auto end
        = std::string_view{self->text_}.substr(0, self->have_).find('\n');
      if (end != std::string::npos)
        return self->judge(end);
      if (self->have_ >= max_verdict)
        return self->give_up("it does not speak Petrel's protocol");
      self->read_verdict();
    });
}

void outgoing::judge(size_t end) {
  const auto line = text_.substr(0, end);
  if (line.starts_with("no "))
    return stop(error{errc::forbidden,
                      "node " + who_.identity.node.str() + " refuses: "
                        + line.substr(3)});
  if (line != "ok")
    return give_up("it does not speak Petrel's protocol");
  auto ticket
    = what_.keep(stream_, who_, text_.substr(end + 1, have_ - end - 1));
  if (!ticket)
    return stop(ticket.error());
  stream_.reset();
  stop(peer_links::opened{*ticket, who_.identity});
}

bool outgoing::good(const failure& failed) {
  if (!done_)
    return false;
  if (failed)
    give_up(reason(failed));
  return !failed;
}

void outgoing::give_up(const std::string& why) {
  stop(error{errc::unavailable, why});
}

void outgoing::stop(result<peer_links::opened> outcome) {
  if (!done_)
    return;
  const auto done = std::exchange(done_, nullptr);
  failure ignored;
  resolver_.cancel();
  if (stream_)
    stream_->lowest_layer().close(ignored);
  owner_.over(*this);
  done(std::move(outcome));
}

} // namespace faas::tunnel
