#include "libfaas/bulk/delay_window.hpp"

#include <algorithm>

namespace faas::bulk {
namespace {

/// Share of the way to the target that one round goes: up, down.
constexpr double climb = 0.5, sink = 1;
/// What a path that is not known yet gets per round: a queue is seen one round
/// late, and is then so much of the path's length.
constexpr double careful = 1.25;
constexpr double hurry = 1.5, fall = 0.5;
constexpr int least_samples = 4;

double seconds(duration d) noexcept {
  return std::chrono::duration<double>(d).count();
}

} // namespace

void delay_window::sent(time_point now, uint64_t bytes) noexcept {
  if (in_flight() == 0 && sent_ > 0 && now - sent_at_ > options_.idle) {
    before_ = window_;
    window_ = std::min(window_, options_.first);
    phase_ = phase::start;
    looked_ = now; // the path was empty
  }
  if (sent_ == 0)
    looked_ = now;
  sent_at_ = now;
  sent_ += bytes;
  limited_ = limited_ || 2 * in_flight() >= window_;
}

void delay_window::acked(time_point now, uint64_t bytes,
                         duration rtt) noexcept {
  acked_ += std::min(bytes, in_flight());
  rtt = std::max(rtt, duration{std::chrono::microseconds{1}});
  note(now, rtt);
  smooth_ = smooth_.count() == 0 ? rtt : smooth_ + (rtt - smooth_) / 8;
  round_least_ = std::min(round_least_, rtt);
  if (++samples_ >= least_samples && acked_ >= round_end_)
    end_round(now);
}

void delay_window::note(time_point now, duration rtt) noexcept {
  auto* at = &history_[current_];
  if (at->least == duration::max()) {
    at->since = now;
  } else if (now - at->since > bucket_time) {
    current_ = (current_ + 1) % history_.size();
    at = &history_[current_];
    *at = {now, duration::max()};
  }
  at->least = std::min(at->least, rtt);
}

std::optional<duration> delay_window::base() const noexcept {
  duration least = duration::max();
  for (const auto& one : history_)
    least = std::min(least, one.least);
  if (least == duration::max())
    return std::nullopt;
  return least;
}

double delay_window::rate() const noexcept {
  return smooth_.count() == 0 ? 0 : static_cast<double>(window_)
                                      / seconds(smooth_);
}

void delay_window::end_round(time_point now) noexcept {
  const auto rtt = round_least_;
  queueing_ = rtt - *base();
  round_end_ = sent_ + 1; // the next byte to be sent ends the next round
  round_least_ = duration::max();
  samples_ = 0;
  if (phase_ == phase::look) {
    if (--look_rounds_ <= 0) {
      phase_ = phase::start;
      looked_ = now;
    }
  } else if (now - looked_ >= options_.look_every
             && window_ > options_.least) {
    before_ = window_;
    set(static_cast<double>(options_.least));
    phase_ = phase::look;
    look_rounds_ = 2; // one for what is on the way, one alone
  } else {
    steer(rtt);
  }
  limited_ = false;
}

void delay_window::steer(duration rtt) noexcept {
  const auto window = static_cast<double>(window_);
  if (phase_ == phase::start && queueing_ * 3 <= options_.target) {
    if (limited_)
      set(window * (2 * window_ < before_ ? hurry : careful));
    return;
  }
  phase_ = phase::steady;
  const auto room = seconds(options_.target - queueing_) / seconds(rtt);
  if (room < 0)
    set(window * std::max(1 + sink * room, fall));
  else if (limited_)
    set(window * std::min(1 + climb * room, hurry));
}

void delay_window::set(double bytes) noexcept {
  window_ = std::clamp(static_cast<uint64_t>(bytes), options_.least,
                       options_.most);
}

} // namespace faas::bulk
