#include "libfaas/wire/link_core.hpp"

#include "libfaas/wire/link_state.hpp"

#include <algorithm>

namespace faas::wire {
namespace {

error not_connected() {
  return {errc::unavailable, "no connection to the node",
          "repeat it elsewhere or later"};
}

} // namespace

link_core::link_core(link_options options)
  : state_(std::make_unique<state>(options)) {}
link_core::link_core(link_core&&) noexcept = default;
link_core& link_core::operator=(link_core&&) noexcept = default;
link_core::~link_core() = default;

void link_core::peer_connected(time_point now, hello peer) {
  state_->connect(now, std::move(peer));
}

std::vector<failed_transfer> link_core::peer_lost(time_point now,
                                                  std::string_view reason) {
  auto& link = *state_;
  link.connected_ = link.closed_ = false;
  link.outbox_.clear();
  std::erase_if(link.effects_, [](const link_effect& effect) {
    return std::holds_alternative<send_frame>(effect);
  });
  for (auto ticket : link.received_.reset())
    link.effects_.emplace_back(cancel_event{ticket});
  return link.sent_.take(reason, nullptr);
}

void link_core::frame_received(time_point now, std::string_view bytes) {
  auto& link = *state_;
  if (!link.open()) {
    ++link.stats_.dropped_frames;
    return;
  }
  link.enter(now);
  link.receive(now, bytes);
  link.settle(now);
}

void link_core::tick(time_point now) {
  if (!state_->open())
    return;
  state_->enter(now);
  state_->tick(now);
  state_->settle(now);
}

result<uint64_t> link_core::submit(time_point now, invocation&& event,
                                   completion&& done) {
  auto& link = *state_;
  if (!link.open())
    return not_connected();
  link.enter(now);
  auto taken = link.submit(now, event, done);
  link.settle(now);
  return taken;
}

void link_core::cancel(time_point now, uint64_t transfer) {
  auto& link = *state_;
  transfer = link.sent_.present(transfer);
  if (link.sent_.answer(
        transfer,
        reply::failure({errc::cancelled, "nobody waits for the answer", {}})))
    link.cancels_.push_back(transfer);
  if (link.open())
    link.settle(now);
}

std::vector<failed_transfer>
link_core::take_back(time_point now,
                     const std::function<bool(const invocation&)>& which) {
  auto& link = *state_;
  auto taken
    = link.sent_.take("the node does not answer", which, &link.cancels_);
  if (link.open())
    link.settle(now);
  return taken;
}

void link_core::reply_ready(time_point now, uint64_t ticket, reply&& answer) {
  auto& link = *state_;
  const auto transfer = link.received_.answered(ticket);
  if (!transfer || !link.open()) {
    ++link.stats_.dropped_replies;
    return;
  }
  link.enter(now);
  link.outbox_.add_reply(*transfer, std::move(answer), link.body_bytes_);
  link.settle(now);
}

result<void> link_core::send(time_point now, const message& what) {
  auto& link = *state_;
  if (link_kind(what))
    return {errc::invalid_argument,
            std::string{name(what)} + " messages are the link's own"};
  if (!link.open())
    return not_connected();
  link.enter(now);
  auto queued = link.outbox_.add_control(encode(what));
  if (!queued)
    ++link.stats_.refused;
  return queued;
}

std::vector<link_effect> link_core::take_effects(time_point now) {
  std::vector<link_effect> taken;
  take_effects(now, taken);
  return taken;
}

void link_core::take_effects(time_point now, std::vector<link_effect>& into) {
  auto& link = *state_;
  if (link.open()) {
    link.enter(now);
    link.flush(now);
    link.settle(now);
  }
  into.clear();
  std::swap(into, link.effects_);
}

time_point link_core::wake_at() const noexcept {
  const auto& link = *state_;
  if (!link.open())
    return time_point::max();
  auto wake
    = std::min(link.pulse_.wake_at(link.rtt()), link.sent_.expires_at());
  if (link.ack_owed())
    wake = std::min(wake, link.ack_at_);
  if (!link.outbox_.empty() && !link.blocked_)
    wake = std::min(wake, link.held_until());
  return wake;
}

const hello& link_core::peer() const noexcept {
  return state_->peer_;
}

link_stats link_core::stats() const {
  const auto& link = *state_;
  auto stats = link.stats_;
  const auto& meter = link.meter_;
  stats.connected = link.open();
  stats.suspect = link.pulse_.suspect();
  stats.rtt = meter.rtt().smoothed();
  stats.min_rtt = meter.rtt().known() ? meter.rtt().least() : duration{};
  stats.last_ping = meter.last_ping();
  stats.rate = meter.rate();
  stats.window = meter.window();
  stats.unacknowledged = meter.unacknowledged();
  stats.in_flight = link.sent_.size();
  stats.running = link.received_.running();
  stats.queued_transfers = link.outbox_.transfers();
  stats.queued_bytes = link.queued_bytes();
  return stats;
}

} // namespace faas::wire
