#include "gateway/tunnel/bulk_channel.hpp"

#include "gateway/tunnel/text.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

namespace faas::tunnel {

void bulk_gate::run(std::function<void(bulk_channel&)> what) {
  const std::lock_guard lock{mutex};
  if (loop == nullptr)
    return;
  net::post(*loop, [to = channel, what = std::move(what)] {
    if (const auto alive = to.lock())
      what(*alive);
  });
}

bulk_channel::bulk_channel(net::io_context& loop,
                           std::shared_ptr<tls_stream> peer,
                           trust::certificate_facts who,
                           const clock_source& clock,
                           bulk::line_options options,
                           std::shared_ptr<bulk_totals> totals,
                           std::string early, events to)
  : loop_(loop),
    peer_(std::move(peer)),
    who_(std::move(who)),
    clock_(clock),
    line_(options, clock.now()),
    totals_(std::move(totals)),
    to_(std::move(to)),
    timer_(loop),
    since_(clock.now()),
    in_(read_bytes),
    early_(std::move(early)) {}

void bulk_channel::open() {
  const std::lock_guard lock{gate_->mutex};
  gate_->loop = &loop_;
  gate_->channel = weak_from_this();
}

void bulk_channel::start() {
  if (!early_.empty() && !take(std::exchange(early_, {})))
    return;
  read();
  write();
}

void bulk_channel::read() {
  peer_->async_read_some(
    net::buffer(in_),
    [self = shared_from_this()](const failure& failed, size_t size) {
      if (self->closed_)
        return;
      if (failed)
        return self->close(reason(failed));
      if (!self->take({self->in_.data(), size}))
        return;
      self->write();
      if (!self->closed_)
        self->read();
    });
}

/// False: closed.
bool bulk_channel::take(std::string_view bytes) {
  const auto good = line_.read(clock_.now(), bytes, whole_);
  if (!good)
    close(good.error().message);
  for (auto& one : std::exchange(whole_, {}))
    if (!closed_)
      to_.arrived(*this, std::move(one));
  return !closed_;
}

void bulk_channel::push(bulk::line::message one) {
  line_.push(clock_.now(), std::move(one));
  write();
}

void bulk_channel::consumed(uint64_t bytes) {
  line_.consumed(bytes);
  write();
}

void bulk_channel::write() {
  if (writing_ || closed_)
    return;
  out_.clear();
  const auto before = line_.waiting();
  line_.write(clock_.now(), write_bytes, out_);
  gate_->waiting -= before - line_.waiting();
  publish();
  if (out_.empty())
    return wake();
  writing_ = true;
  net::async_write(
    *peer_, net::buffer(out_),
    [self = shared_from_this()](const failure& failed, size_t) {
      self->writing_ = false;
      if (self->closed_)
        return;
      if (failed)
        return self->close(reason(failed));
      self->write();
    });
}

void bulk_channel::wake() {
  const auto at = line_.wake_at();
  if (at == wakes_)
    return;
  wakes_ = at;
  timer_.expires_at(at);
  timer_.async_wait([self = shared_from_this(), at](const failure& cancelled) {
    if (cancelled || self->closed_ || self->wakes_ != at)
      return;
    self->wakes_ = {};
    self->write();
  });
}

void bulk_channel::publish() {
  const auto& window = line_.window();
  totals_->sent += line_.sent() - std::exchange(told_sent_, line_.sent());
  totals_->received
    += line_.received() - std::exchange(told_received_, line_.received());
  gate_->window = window.bytes();
  gate_->queueing_ns = window.queueing().count();
  gate_->base_ns = window.base().value_or(duration{}).count();
}

void bulk_channel::check() {
  if (closed_)
    return;
  if (const auto good = line_.check(clock_.now()); !good)
    close(good.error().message);
}

void bulk_channel::close(const std::string& why) {
  if (std::exchange(closed_, true))
    return;
  {
    const std::lock_guard lock{gate_->mutex};
    gate_->loop = nullptr;
  }
  to_.ended(*this, why); // first: who sees the end finds it gone
  failure ignored;
  timer_.cancel();
  peer_->lowest_layer().close(ignored);
}

} // namespace faas::tunnel
