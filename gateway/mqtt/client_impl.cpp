#include "gateway/mqtt/client_impl.hpp"

namespace faas::mqtt {
namespace {

using boost::system::error_code;

time_point clock_now() {
  return std::chrono::steady_clock::now();
}

} // namespace

client::impl::impl(boost::asio::io_context& loop, client_options options,
                   client_handlers handlers, random_source& random)
  : loop_(loop), options_(std::move(options)), on_(std::move(handlers)),
    random_(random), session_(options_.session), backoff_(options_.reconnect),
    tick_(loop), pause_(loop) {}

void client::impl::connect() {
  change_state(client_state::connecting);
  const std::weak_ptr<impl> weak = weak_from_this();
  // The link may outlive the client by one handler, hence weak.
  const auto guarded = [weak](auto body) {
    return [weak, body](auto... values) {
      if (auto self = weak.lock(); self && !self->gone_)
        body(*self, std::move(values)...);
    };
  };
  link_ = std::make_shared<link>(
    loop_, link::handlers{
             guarded([](impl& self) {
               self.pause_.cancel();
               self.session_.transport_up(clock_now());
               self.pump();
             }),
             guarded([](impl& self, std::string_view bytes) {
               self.session_.received(bytes, clock_now());
               self.pump();
             }),
             guarded([](impl& self, size_t bytes) {
               self.session_.written(bytes, clock_now());
             }),
             guarded([](impl& self, error reason) {
               self.link_down(std::move(reason));
             }),
           });
  link_->open(options_.host, options_.port);
  pause_.expires_after(options_.connect_timeout);
  pause_.async_wait(
    [weak, attempt = std::weak_ptr<link>(link_)](error_code cancelled) {
      const auto self = weak.lock();
      if (cancelled || !self || self->gone_ || self->link_ != attempt.lock())
        return;
      self->link_->close();
      self->link_down({errc::unavailable,
                       "MQTT broker " + self->options_.host + ":"
                         + std::to_string(self->options_.port)
                         + ": no connection in time",
                       "check the address and the network"});
    });
}

result<void> client::impl::subscribe(const std::vector<subscription>& wanted) {
  auto done = session_.subscribe(wanted, clock_now());
  pump();
  return done;
}

void client::impl::unsubscribe(const std::vector<std::string>& filters) {
  session_.unsubscribe(filters, clock_now());
  pump();
}

result<publish_id> client::impl::publish(const message& value) {
  if (stopped_ || status_.state == client_state::stopped)
    return error{errc::shutting_down, "the MQTT client is stopping", ""};
  auto id = session_.publish(value, clock_now());
  pump();
  return id;
}

bool client::impl::acknowledge(delivery_id id) {
  const bool done = session_.acknowledge(id, clock_now());
  pump();
  return done;
}

client_status client::impl::status() const {
  auto now = status_;
  now.unacknowledged = session_.unacknowledged_deliveries();
  now.outbound = session_.outbound();
  return now;
}

void client::impl::pump() {
  if (pumping_)
    return;
  pumping_ = true;
  const auto self = shared_from_this();
  for (auto effects = session_.take_effects(); !effects.empty() && !gone_;
       effects = session_.take_effects())
    for (auto& one : effects)
      if (!gone_)
        carry_out(one);
  pumping_ = false;
  if (gone_)
    return;
  if (link_) {
    link_->flush();
    link_->want_input(session_.wants_input());
  }
  arm_tick();
  leave_if_done();
}

void client::impl::carry_out(effect& value) {
  if (auto* bytes = std::get_if<send_bytes>(&value)) {
    if (link_)
      link_->send(bytes->bytes);
  } else if (auto* got = std::get_if<deliver>(&value)) {
    // While stopping it stays unacknowledged: the broker sends it again.
    if (on_.on_message && !stopped_)
      on_.on_message(std::move(got->message));
  } else if (auto* accepted = std::get_if<went_online>(&value)) {
    online_since_ = clock_now();
    ++status_.connects;
    status_.session_present = accepted->session_present;
    change_state(client_state::online);
  } else if (auto* answer = std::get_if<subscription_answered>(&value)) {
    if (on_.on_subscribed)
      on_.on_subscribed(answer->filter, answer->granted);
  } else if (auto* done = std::get_if<publish_done>(&value)) {
    if (on_.on_published)
      on_.on_published(done->id);
  } else if (auto* skipped = std::get_if<message_discarded>(&value)) {
    if (on_.on_discarded)
      on_.on_discarded(skipped->topic, skipped->payload_bytes);
  } else if (auto* close = std::get_if<close_transport>(&value)) {
    if (!link_)
      return;
    if (!close->reason)
      return link_->finish(); // reports down when the peer has closed too
    link_->close();
    link_down(std::move(*close->reason));
  }
}

void client::impl::arm_tick() {
  const auto due = session_.next_tick();
  // An earlier call than needed is harmless: re-arming for each message would
  // cost more.
  if (due >= tick_at_)
    return;
  tick_at_ = due;
  tick_.expires_at(due);
  tick_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self || self->gone_)
      return;
    self->tick_at_ = time_point::max();
    self->session_.tick(clock_now());
    self->pump();
  });
}

void client::impl::link_down(error reason) {
  link_ = nullptr;
  session_.transport_down();
  status_.last_error = std::move(reason);
  if (stopped_)
    return finish_stop();
  reconnect_later();
}

void client::impl::reconnect_later() {
  const auto lasted
    = online_since_ ? clock_now() - *online_since_ : duration::zero();
  online_since_.reset();
  pause_.expires_after(backoff_.next(lasted, random_));
  pause_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self && !self->gone_ && !self->stopped_)
      self->connect();
  });
  change_state(client_state::waiting);
}

void client::impl::change_state(client_state next) {
  status_.state = next;
  if (on_.on_state && !gone_)
    on_.on_state(status());
}

void client::impl::stop(duration grace, std::function<void()> stopped) {
  if (stopped_ || status_.state == client_state::stopped)
    return;
  stopped_ = std::move(stopped);
  if (!stopped_)
    stopped_ = [] {};
  change_state(client_state::stopping);
  pause_.expires_after(grace);
  pause_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self && !self->gone_)
      self->finish_stop();
  });
  pump();
}

void client::impl::leave_if_done() {
  if (!stopped_ || leaving_)
    return;
  if (!link_ || (!session_.online() && session_.outbound() == 0))
    return finish_stop();
  if (session_.outbound() == 0) {
    leaving_ = true; // until the peer has closed too
    session_.disconnect(clock_now());
    pump();
  }
}

void client::impl::finish_stop() {
  if (status_.state == client_state::stopped)
    return;
  const auto self = shared_from_this();
  if (link_)
    link_->close();
  link_ = nullptr;
  session_.transport_down();
  tick_.cancel();
  pause_.cancel();
  change_state(client_state::stopped);
  if (const auto stopped = std::exchange(stopped_, nullptr); stopped && !gone_)
    stopped();
}

void client::impl::abandon() {
  gone_ = true;
  if (link_)
    link_->close();
  link_ = nullptr;
  tick_.cancel();
  pause_.cancel();
}

} // namespace faas::mqtt
