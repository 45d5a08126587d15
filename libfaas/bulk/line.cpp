#include "libfaas/bulk/line.hpp"

#include <algorithm>

namespace faas::bulk {
namespace {

using namespace std::chrono_literals;

/// A piece takes the path for about so long, so that what is behind it waits
/// no longer.
constexpr double piece_seconds = 0.004;
constexpr size_t least_piece = limits::kib, first_piece = 4 * limits::kib;
/// Bytes go out this much faster than acknowledgements come back, and so much
/// of the rate at once.
constexpr double pace_factor = 1.25;
constexpr duration burst = 4ms;

error bad(const std::string& what) {
  return {errc::invalid_argument,
          "the peer breaks the rules of a bulk connection: " + what};
}

} // namespace

line::line(line_options options, time_point now)
  : options_(options),
    window_(options.window),
    progress_(now),
    pinged_(now),
    heard_(now) {}

// -- sending ------------------------------------------------------------------

void line::push(time_point now, message one) {
  if (queue_.empty())
    progress_ = now;
  waiting_ += one.bytes.size();
  queue_.push_back(std::move(one));
}

void line::write(time_point now, size_t most, std::string& out) {
  const auto begin = out.size();
  if (owes_ack(now)) {
    append_ack(out, {received_, limit_for_peer(), now - came_});
    told_received_ = received_;
    told_limit_ = limit_for_peer();
    answer_ping_ = false;
  }
  if (ping_due(now)) {
    append_ping(out);
    pinged_ = now;
  }
  while (out.size() - begin < most && write_piece(now, out)) {
  }
}

bool line::write_piece(time_point now, std::string& out) {
  const auto size = next_piece();
  if (size == 0 || now < paced_)
    return false;
  auto& first = queue_.front();
  const bool last = offset_ + size == first.bytes.size();
  append_data(out, first.topic,
              std::string_view{first.bytes}.substr(offset_, size), last);
  offset_ += size;
  sent_ += size;
  waiting_ -= size;
  flight_.push_back({sent_, now});
  window_.sent(now, size);
  pace(now, size);
  if (last) {
    queue_.pop_front();
    offset_ = 0;
  }
  return true;
}

/// Bytes of the piece that window and credit allow now; 0: none.
size_t line::next_piece() const noexcept {
  if (queue_.empty())
    return 0;
  const auto wanted
    = std::min(good_piece(), queue_.front().bytes.size() - offset_);
  const auto allowed = std::min(window_.room(), limit_ - sent_);
  if (allowed >= wanted)
    return wanted;
  return window_.in_flight() == 0 ? allowed : 0; // else more will be allowed
}

size_t line::good_piece() const noexcept {
  const auto rate = window_.rate();
  if (rate == 0)
    return first_piece;
  const auto most = std::min<uint64_t>(max_piece, window_.bytes() / 2);
  return std::clamp<size_t>(static_cast<size_t>(rate * piece_seconds),
                            least_piece, std::max(most, least_piece));
}

void line::pace(time_point now, size_t bytes) noexcept {
  const auto rate = window_.rate() * pace_factor;
  if (rate == 0)
    return;
  paced_ = std::max(paced_, now - burst)
           + std::chrono::duration_cast<duration>(
             std::chrono::duration<double>(static_cast<double>(bytes) / rate));
}

bool line::owes_ack(time_point now) const noexcept {
  return answer_ping_ || received_ - told_received_ >= options_.ack_every
         || limit_for_peer() - told_limit_ >= options_.credit / 4
         || (received_ != told_received_
             && now - ack_since_ >= options_.ack_delay);
}

bool line::ping_due(time_point now) const noexcept {
  return now - std::max(heard_, pinged_) >= options_.ping_after;
}

time_point line::wake_at() const noexcept {
  auto at = std::max(heard_, pinged_) + options_.ping_after;
  if (received_ != told_received_)
    at = std::min(at, ack_since_ + options_.ack_delay);
  if (next_piece() > 0)
    at = std::min(at, paced_);
  return at;
}

result<void> line::check(time_point now) const {
  if (now - heard_ >= options_.silent_after)
    return error{errc::unavailable, "the peer is silent"};
  if (!queue_.empty() && now - progress_ >= options_.stuck_after)
    return error{errc::unavailable, "the peer takes nothing"};
  return {};
}

// -- receiving ----------------------------------------------------------------

result<void> line::read(time_point now, std::string_view bytes,
                        std::vector<message>& to) {
  now_ = heard_ = now;
  whole_ = &to;
  return reader_.feed(bytes, *this);
}

result<void> line::piece_begins(bulk_topic topic, uint32_t size) {
  if (size > limit_for_peer() - received_)
    return bad("it sends more than its credit");
  if (partial_.bytes.size() + size > bulk_links::max_message)
    return bad("a message is too long");
  if (!partial_.bytes.empty() && partial_.topic != topic)
    return bad("a message changes its topic");
  if (partial_.bytes.empty()) // most are as long as the one before
    partial_.bytes.reserve(std::max<size_t>(size, last_size_));
  partial_.topic = topic;
  piece_ = size;
  return {};
}

void line::piece_bytes(std::string_view bytes) {
  partial_.bytes += bytes;
}

result<void> line::piece_ends(bool last) {
  if (received_ == told_received_)
    ack_since_ = now_;
  received_ += piece_;
  came_ = now_;
  if (last) {
    last_size_ = partial_.bytes.size();
    whole_->push_back(std::exchange(partial_, {}));
  }
  return {};
}

result<void> line::acked(const ack& what) {
  if (what.received < acked_ || what.received > sent_ || what.limit < limit_)
    return bad("an acknowledgement of what was never sent");
  if (what.limit > limit_)
    progress_ = now_;
  limit_ = what.limit;
  if (what.received == acked_)
    return {};
  auto last = flight_.front();
  while (!flight_.empty() && flight_.front().end <= what.received) {
    last = flight_.front();
    flight_.pop_front();
  }
  if (last.end != what.received)
    return bad("an acknowledgement of half a piece");
  window_.acked(now_, what.received - acked_, now_ - last.since - what.held);
  acked_ = what.received;
  progress_ = now_;
  return {};
}

} // namespace faas::bulk
