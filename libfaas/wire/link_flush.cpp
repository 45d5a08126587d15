// How a link writes its frames.
#include "libfaas/wire/link_state.hpp"

#include <algorithm>

namespace faas::wire {
namespace {

using namespace std::chrono_literals;

/// With less credit than this a frame waits for the next ack.
constexpr size_t least_credit = 4 * limits::kib;
/// Frames under way from which on short frames are held back a little, so that
/// more events share one (a message between processes costs 10 to 20 us,
/// whatever is in it).
constexpr size_t frames_before_hold = 4;
constexpr duration least_hold = 200us;
constexpr duration most_hold = 1ms;
/// Cancelled transfers per frame.
constexpr size_t max_cancels = 256;

} // namespace

void link_core::state::flush(time_point now) {
  settle(now);
  if (pulse_.ping_due(now, rtt()))
    ping_due_ = true;
  in_flush_ = blocked_ = false;
  while (!outbox_.empty() && may_write(now) && write_data(now))
    in_flush_ = true;
  while (urgent_due(now))
    write_urgent(now);
}

time_point link_core::state::held_until() const noexcept {
  if (meter_.frames_under_way() < frames_before_hold || !meter_.rtt().known()
      || queued_bytes() >= meter_.frame_budget())
    return meter_.last_frame();
  return meter_.last_frame() + std::clamp(rtt() / 8, least_hold, most_hold);
}

bool link_core::state::may_write(time_point now) {
  const auto window = meter_.window();
  const auto under_way = meter_.unacknowledged();
  if (under_way > 0 && under_way + least_credit > window) {
    blocked_ = was_blocked_ = true;
    return false;
  }
  return held_until() <= now;
}

bool link_core::state::write_data(time_point now) {
  const auto under_way = meter_.unacknowledged();
  const auto window = meter_.window();
  const auto credit = under_way == 0 ? std::max(window, options_.frame_bytes)
                                     : window - under_way;
  const auto limit = std::min(options_.frame_bytes, credit);
  const auto budget = std::min(meter_.frame_budget(), limit);
  frame_writer frame;
  add_urgent(now, frame);
  if (!outbox_.fill(frame, budget, limit, now, sent_, stats_)) {
    if (!frame.empty())
      emit(frame.finish(0));
    blocked_ = was_blocked_ = !outbox_.empty();
    return false;
  }
  auto bytes = frame.finish(meter_.next_sequence());
  // Back to back, or held up by credit only: its ack tells the link's rate.
  const auto busy = under_way > 0 && (in_flush_ || was_blocked_);
  was_blocked_ = false;
  meter_.frame_sent(now, bytes.size(), busy);
  emit(std::move(bytes));
  return true;
}

bool link_core::state::urgent_due(time_point now) const noexcept {
  return ping_due_ || !pongs_.empty() || !cancels_.empty()
         || (ack_owed() && ack_at_ <= now);
}

void link_core::state::write_urgent(time_point now) {
  frame_writer frame;
  add_urgent(now, frame);
  emit(frame.finish(0));
}

void link_core::state::add_urgent(time_point now, frame_writer& frame) {
  for (auto sequence : pongs_)
    frame.add(pong{sequence});
  pongs_.clear();
  if (std::exchange(ping_due_, false)) {
    frame.add(ping{++ping_});
    meter_.ping_sent(now, ping_);
  }
  if (ack_owed()) {
    frame.add(ack{received_bytes_, received_sequence_, came_ - since_});
    acked_ = received_sequence_;
  }
  if (cancels_.empty())
    return;
  const auto count = std::min(cancels_.size(), max_cancels);
  const auto end = cancels_.begin() + static_cast<ptrdiff_t>(count);
  frame.add(wire::cancel{{cancels_.begin(), end}});
  cancels_.erase(cancels_.begin(), end);
}

void link_core::state::emit(std::string&& frame) {
  ++stats_.frames_sent;
  stats_.bytes_sent += frame.size();
  effects_.emplace_back(send_frame{std::move(frame)});
}

} // namespace faas::wire
