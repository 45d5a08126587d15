#include "gateway/mqtt/message_work.hpp"

#include "gateway/mqtt/bridge_rules.hpp"
#include "libfaas/ports/event_port.hpp"

namespace faas::mqtt {

message_work::message_work(bridge_shared& shared, work_owner& owner,
                           uint64_t number, delivery message)
  : shared_(shared), owner_(owner), number_(number),
    message_(std::move(message)), backoff_(shared.options.retry),
    timer_(shared.deps.loop) {}

message_work::~message_work() {
  if (token_ != 0)
    shared_.pending->drop(token_);
}

void message_work::submit() {
  const auto* view = shared_.deps.events.find(owner_.function());
  if (!view)
    return give_up("there is no such function any more");
  auto target
    = reply_topic_for(*view, message_.topic, shared_.options.reply_by_default);
  if (!target)
    return give_up(target.error().to_string());
  auto event = make_event(*view, message_, shared_.deps.clock.now(),
                          shared_.deps.random);
  if (!event)
    return give_up(event.error().to_string());
  reply_topic_ = target->value_or("");
  idempotent_ = view->idempotent;
  if (id_ == call_id{})
    id_ = event->id;
  event->id = id_; // one event, however many attempts
  event->attempt = static_cast<uint8_t>(std::min(++attempts_, 255u));
  token_ = shared_.pending->open(*this, event->deadline);
  if (token_ == 0)
    return answered(reply::failure(
      {errc::overloaded, "too many MQTT messages wait for an answer", ""}));
  // May answer before it returns.
  shared_.deps.events.submit(std::move(*event),
                             completion{shared_.pending, token_});
}

void message_work::answered(reply&& answer) noexcept {
  token_ = 0;
  const attempt_state state{idempotent_, owner_.stopping(), attempts_,
                            shared_.options.max_attempts};
  switch (judge(answer, state)) {
  case verdict::done:
    return finish(std::move(answer));
  case verdict::retry:
    ++shared_.counters.retries;
    return pause(&message_work::submit);
  case verdict::give_up:
    return give_up(
      error{answer.code, answer.message, answer.next_step}.to_string());
  case verdict::leave:
    return leave();
  }
}

void message_work::finish(reply&& answer) {
  if (comes_again())
    return leave_void(); // and is answered then
  if (answer.status >= 400)
    return give_up("it answered with status " + std::to_string(answer.status));
  ++shared_.counters.delivered;
  if (reply_topic_.empty())
    return acknowledge();
  reply_ = std::move(answer.body);
  attempts_ = 0;
  publish_reply();
}

void message_work::publish_reply() {
  ++attempts_;
  const auto done = owner_.broker().publish(
    {reply_topic_, std::string{reply_.view()}, message_.qos});
  if (done) {
    ++shared_.counters.replies;
    return acknowledge();
  }
  const auto code = done.error().code;
  if (code == errc::shutting_down)
    return leave();
  if ((code == errc::overloaded || code == errc::unavailable)
      && attempts_ < shared_.options.max_attempts)
    return pause(&message_work::publish_reply);
  give_up("its reply cannot be published: " + done.error().to_string());
}

void message_work::pause(void (message_work::*next)()) {
  if (comes_again())
    return leave_void();
  if (owner_.stopping())
    return leave();
  waiting_ = true;
  timer_.expires_after(backoff_.next(duration::zero(), shared_.deps.random));
  timer_.async_wait(
    [weak = weak_from_this(), next](boost::system::error_code cancelled) {
      const auto self = weak.lock();
      if (cancelled || !self || !self->waiting_)
        return;
      self->waiting_ = false;
      ((*self).*next)();
    });
}

void message_work::connection_lost() {
  void_ = true;
  if (waiting_ && comes_again())
    leave_void();
}

void message_work::stop_waiting() {
  if (waiting_)
    leave();
}

bool message_work::comes_again() const noexcept {
  return void_ && message_.qos == qos::at_least_once;
}

void message_work::leave_void() {
  ++shared_.counters.voided;
  end();
}

void message_work::leave() {
  if (message_.qos == qos::at_most_once)
    return give_up("the node stops, and the broker keeps no QoS 0 messages");
  end();
}

void message_work::give_up(const std::string& reason) {
  if (comes_again())
    return leave_void();
  ++shared_.counters.failed;
  shared_.log(owner_.function(),
              "message of " + std::to_string(message_.payload.size())
                + " bytes on " + message_.topic + " is given up after "
                + std::to_string(std::max(attempts_, 1u))
                + " attempts: " + reason);
  acknowledge();
}

void message_work::acknowledge() {
  if (owner_.broker().acknowledge(message_.id))
    ++shared_.counters.acknowledged;
  else
    ++shared_.counters.voided;
  end();
}

void message_work::end() {
  if (std::exchange(ended_, true))
    return;
  waiting_ = false;
  timer_.cancel();
  owner_.ended(number_);
}

} // namespace faas::mqtt
