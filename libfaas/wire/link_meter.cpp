#include "libfaas/wire/link_meter.hpp"

#include <algorithm>

namespace faas::wire {
namespace {

using namespace std::chrono_literals;

/// How long a least RTT counts; routes change, queues drain.
constexpr auto rtt_epoch = 10s;
/// Least bytes of a train that tell a rate.
constexpr size_t train_bytes = 8 * limits::kib;
/// A train is evaluated after this time, also when it goes on.
constexpr duration train_time = 10ms;
/// Least window and least frame: enough to keep a slow link busy.
constexpr size_t least_window = 64 * limits::kib;
constexpr size_t least_frame = 4 * limits::kib;
/// Until a busy peer has looked at a frame: on a fast link the window must cover
/// it, or both sides work in turns.
constexpr duration busy_time = 2ms;
/// Frames of a window at least, for the same reason.
constexpr size_t frames_per_window = 4;
/// Bytes under way that do not hold up a ping.
constexpr size_t one_packet = 1460;
/// Frame length before the first measurement.
constexpr size_t first_frame = 16 * limits::kib;
/// Pings whose pong may still come; more are forgotten.
constexpr size_t kept_pings = 64;
/// Longest time that a connection is believed to stand.
constexpr duration most_elapsed = std::chrono::hours(24 * 365 * 100);

} // namespace

void rtt_filter::sample(time_point now, duration rtt) noexcept {
  rtt = std::max(rtt, duration{1}); // 0 means unknown
  smoothed_ = known() ? smoothed_ + (rtt - smoothed_) / 8 : rtt;
  if (least_ == duration::max() || now - epoch_ > rtt_epoch) {
    former_ = least_;
    least_ = rtt;
    epoch_ = now;
  }
  least_ = std::min(least_, rtt);
}

void rate_filter::acked(duration came, size_t bytes, bool busy) noexcept {
  // Nonsense of a broken peer must not overflow below.
  came = std::clamp(came, duration{}, most_elapsed);
  if (!busy || !train_) {
    if (train_)
      sample(last_ - start_); // not the pause behind it
    train_ = true;
    start_ = last_ = came;
    bytes_ = 0;
    return;
  }
  bytes_ += bytes;
  last_ = came;
  if (came - start_ < train_time)
    return;
  sample(came - start_);
  start_ = came;
  bytes_ = 0;
}

void rate_filter::sample(duration elapsed) noexcept {
  if (bytes_ < train_bytes || elapsed.count() <= 0)
    return;
  const auto seconds = std::chrono::duration<double>(elapsed).count();
  const auto rate = static_cast<double>(bytes_) / seconds;
  const auto known = static_cast<double>(rate_);
  rate_ = static_cast<uint64_t>(rate_ ? known + (rate - known) / 4 : rate);
}

void link_meter::connected() noexcept {
  under_way_.clear();
  pings_.clear();
  rtt_ = {};
  rate_ = {};
  sent_sequence_ = sent_bytes_ = acked_bytes_ = 0;
}

void link_meter::ping_sent(time_point now, uint64_t sequence) {
  pings_.push_back({sequence, now, unacknowledged() <= one_packet});
  if (pings_.size() > kept_pings)
    pings_.pop_front();
}

void link_meter::pong_received(time_point now, uint64_t sequence) {
  while (!pings_.empty() && pings_.front().sequence < sequence)
    pings_.pop_front();
  if (pings_.empty() || pings_.front().sequence != sequence)
    return;
  const auto& ping = pings_.front();
  rtt_.sample(now, now - ping.at);
  last_ping_ = {now - ping.at, ping.alone, last_ping_.number + 1};
  pings_.pop_front();
}

void link_meter::frame_sent(time_point now, size_t bytes, bool busy) {
  under_way_.push_back({++sent_sequence_, bytes, busy});
  sent_bytes_ += bytes;
  last_frame_ = now;
}

bool link_meter::ack_received(const ack& what) {
  if (what.sequence > sent_sequence_)
    return false;
  size_t bytes = 0;
  auto busy = true;
  while (!under_way_.empty() && under_way_.front().sequence <= what.sequence) {
    bytes += under_way_.front().bytes;
    busy = busy && under_way_.front().busy;
    under_way_.pop_front();
  }
  acked_bytes_ += bytes;
  if (bytes > 0) {
    if (what.bytes != acked_bytes_)
      return false; // the two sides no longer count the same frames
    rate_.acked(what.came, bytes, busy);
  }
  return true;
}

size_t link_meter::window() const noexcept {
  size_t bytes = least_window;
  if (rate() > 0 && rtt_.known()) {
    // Where the way has become longer, the least of the last seconds would make
    // a window that slows the link, and then less, as the rate is that seen. At
    // half the usual round trip it neither shrinks by itself nor grows.
    const auto trip = std::max<duration>(rtt_.least(), rtt_.smoothed() / 2);
    const auto seconds
      = std::chrono::duration<double>(trip + busy_time).count();
    const auto wanted = 2.0 * static_cast<double>(rate()) * seconds;
    bytes = std::max(bytes,
                     static_cast<size_t>(std::min(wanted, double{1u << 30})));
  }
  return std::min(bytes, options_.window_bytes);
}

size_t link_meter::frame_budget() const noexcept {
  if (rate() == 0)
    return std::min(first_frame, options_.frame_bytes);
  const auto seconds
    = std::chrono::duration<double>(options_.frame_time).count();
  const auto wanted = static_cast<double>(rate()) * seconds;
  const auto most = std::min(options_.frame_bytes, window() / frames_per_window);
  return std::clamp(static_cast<size_t>(std::min(wanted, double{1u << 30})),
                    least_frame, std::max(least_frame, most));
}

} // namespace faas::wire
