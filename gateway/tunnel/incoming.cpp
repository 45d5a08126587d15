#include "gateway/tunnel/incoming.hpp"

#include "gateway/tls/certificate.hpp"
#include "gateway/tls/context.hpp"
#include "gateway/tunnel/text.hpp"
#include "libfaas/bulk/frame.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace faas::tunnel {

std::string verdict(const result<void>& admitted) {
  if (admitted)
    return "ok\n";
  auto why = "no " + admitted.error().to_string();
  for (auto& c : why)
    if (c == '\n')
      c = ' ';
  return why.substr(0, max_verdict - 1) + "\n";
}

void incoming::start() {
  stream_->async_handshake(
    net::ssl::stream_base::server,
    [self = shared_from_this()](const failure& failed) {
      if (self->good(failed))
        self->agreed();
    });
}

void incoming::agreed() {
  const auto protocol = tls::protocol_of(*stream_->native_handle());
  if (protocol == tls::alpn_control)
    return control();
  if (protocol == tls::alpn_bulk)
    return await_hello();
  if (protocol == tls::alpn_join)
    return join();
  give_up("no protocol was asked for");
}

void incoming::control() {
  const auto who = owner_.peer_of(*stream_);
  welcome(who, who ? result<void>{} : who.error(),
          [this](stream_ptr stream, const trust::certificate_facts& peer) {
            if (!owner_.accept(std::move(stream), peer))
              owner_.refused(from_, "the node takes no links now");
          });
}

/// Says the verdict; the peer's stream goes on with who is let in.
void incoming::welcome(const result<trust::certificate_facts>& who,
                       const result<void>& admitted, taker take) {
  if (!admitted) {
    owner_.refused(from_, admitted.error().message);
    return last_words(verdict(admitted));
  }
  bytes_ = verdict({});
  net::async_write(*stream_, net::buffer(bytes_),
                   [self = shared_from_this(), who = *who,
                    take = std::move(take)](const failure& failed, size_t) {
                     if (!self->good(failed))
                       return;
                     auto stream = std::move(self->stream_);
                     self->done();
                     take(std::move(stream), who);
                   });
}

void incoming::await_hello() {
  bytes_.resize(bulk::header_size);
  net::async_read(*stream_, net::buffer(bytes_),
                  [self = shared_from_this()](const failure& failed, size_t) {
                    if (!self->good(failed))
                      return;
                    const auto size = bulk::hello_size(self->bytes_);
                    if (!size)
                      return self->give_up(size.error().message);
                    self->read_hello(*size);
                  });
}

void incoming::read_hello(size_t size) {
  bytes_.resize(size);
  net::async_read(*stream_,
                  net::buffer(bytes_.data() + bulk::header_size,
                              size - bulk::header_size),
                  [self = shared_from_this()](const failure& failed, size_t) {
                    if (self->good(failed))
                      self->answer_hello();
                  });
}

void incoming::answer_hello() {
  const auto boot = bulk::decode_hello(bytes_);
  if (!boot)
    return give_up(boot.error().message);
  const auto who = owner_.peer_of(*stream_);
  welcome(who,
          who ? owner_.may_have_bulk(*who, *boot) : result<void>{who.error()},
          [this](stream_ptr stream, const trust::certificate_facts& peer) {
            owner_.accept_bulk(std::move(stream), peer);
          });
}

void incoming::join() {
  bytes_.resize(4);
  net::async_read(*stream_, net::buffer(bytes_),
                  [self = shared_from_this()](const failure& failed, size_t) {
                    if (!self->good(failed))
                      return;
                    const auto length = length_of(self->bytes_, max_question);
                    if (!length)
                      return self->give_up(length.error().message);
                    self->read_question(*length);
                  });
}

void incoming::read_question(uint32_t length) {
  bytes_.resize(length);
  net::async_read(*stream_, net::buffer(bytes_),
                  [self = shared_from_this()](const failure& failed, size_t) {
                    if (self->good(failed))
                      self->asked();
                  });
}

void incoming::asked() {
  auto question = question_from_json(bytes_);
  if (!question)
    return last_words(framed(to_json(result<authority::grant>{
      question.error()})));
  std::optional<trust::certificate_facts> who;
  if (question->what != join_question::kind::join) {
    auto shown = owner_.peer_of(*stream_);
    if (!shown)
      return last_words(
        framed(to_json(result<authority::grant>{shown.error()})));
    who = std::move(*shown);
  }
  owner_.answer(std::move(*question), std::move(who),
                [self = shared_from_this()](std::string answer) {
                  if (!self->ended_)
                    self->last_words(framed(answer));
                });
}

void incoming::last_words(std::string bytes) {
  bytes_ = std::move(bytes);
  net::async_write(*stream_, net::buffer(bytes_),
                   [self = shared_from_this()](const failure& failed, size_t) {
                     if (!self->good(failed))
                       return;
                     failure ignored;
                     self->stream_->lowest_layer().shutdown(
                       net::socket_base::shutdown_send, ignored);
                     self->linger();
                   });
}

/// Until the peer closes or the deadline comes: a close with unread bytes would
/// take the answer back.
void incoming::linger() {
  bytes_.resize(1024);
  stream_->next_layer().async_read_some(
    net::buffer(bytes_),
    [self = shared_from_this()](const failure& failed, size_t) {
      if (self->ended_)
        return;
      if (failed)
        return self->done();
      self->linger();
    });
}

bool incoming::good(const failure& failed) {
  if (ended_)
    return false;
  if (failed)
    give_up(reason(failed));
  return !failed;
}

void incoming::give_up(const std::string& why) {
  if (ended_)
    return;
  owner_.refused(from_, why);
  done();
}

void incoming::done() {
  if (std::exchange(ended_, true))
    return;
  if (stream_) {
    failure ignored;
    stream_->lowest_layer().close(ignored);
  }
  owner_.over(*this);
}

} // namespace faas::tunnel
