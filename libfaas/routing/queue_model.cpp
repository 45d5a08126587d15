#include "libfaas/routing/queue_model.hpp"

#include <algorithm>
#include <functional>

namespace faas::routing {
namespace {


/// What is left at least of an event that should have ended.
constexpr double late_share = 0.1;

} // namespace

site_load::site_load(double servers)
  : servers_(static_cast<size_t>(std::clamp(servers, 1.0, 1e6))) {
  open_.reserve(8);
  busy_.reserve(8);
}

void site_load::plan(event& one) {
  double free = since_;
  if (busy_.size() >= servers_) {
    std::pop_heap(busy_.begin(), busy_.end(), std::greater<>{});
    free = busy_.back();
    busy_.pop_back();
  }
  one.begins = std::max(one.arrives, free);
  busy_.push_back(one.begins + one.service);
  std::push_heap(busy_.begin(), busy_.end(), std::greater<>{});
}

void site_load::show() noexcept {
  const auto servers = static_cast<double>(servers_);
  free_ms_ = busy_.size() < servers_ ? 0 : busy_.front() + beyond_ms_ / servers;
  double sum = 0;
  for (const auto& one : open_)
    sum += one.service;
  least_ms_ = open_.empty()
                ? 0
                : late_share * sum / static_cast<double>(open_.size());
}

void site_load::start(double service_ms, double transit_ms, time_point now) {
  event one{ms(now) + std::max(0.0, transit_ms), std::max(0.0, service_ms), 0};
  if (open_.size() < most) {
    plan(one);
    open_.push_back(one);
  } else {
    ++beyond_;
    beyond_ms_ += one.service;
  }
  show();
}

uint32_t site_load::finish(double service_ms, double back_ms,
                           time_point now) {
  const double service = std::max(0.0, service_ms);
  const auto found
    = std::find_if(open_.begin(), open_.end(), [&](const event& one) {
        return one.service == service;
      });
  if (found != open_.end()) {
    open_.erase(found);
  } else if (beyond_ > 0) {
    --beyond_;
    beyond_ms_ = beyond_ == 0 ? 0 : std::max(0.0, beyond_ms_ - service);
  }
  // It left the site then. What had begun goes on; since none of these has
  // returned, they end after that, and no more than `servers` can have begun.
  since_ = ms(now) - std::max(0.0, back_ms);
  busy_.clear();
  for (auto& one : open_) {
    if (one.begins > since_ || busy_.size() >= servers_)
      continue;
    busy_.push_back(std::max(one.begins + one.service,
                             since_ + late_share * one.service));
    std::push_heap(busy_.begin(), busy_.end(), std::greater<>{});
  }
  size_t begun = busy_.size();
  for (auto& one : open_) {
    if (one.begins <= since_ && begun > 0)
      --begun;
    else
      plan(one);
  }
  show();
  const auto there = std::count_if(
    open_.begin(), open_.end(),
    [&](const event& one) { return one.arrives <= since_; });
  return static_cast<uint32_t>(there) + beyond_;
}

double site_load::free_in_ms(double free_ms, double least_ms,
                             time_point now) noexcept {
  if (free_ms == 0)
    return 0;
  return std::max(free_ms - ms(now), least_ms);
}

void link_load::send(double bytes, double ms_per_byte, time_point now) {
  const double now_ms = to_ms(now.time_since_epoch());
  const double rate = std::max(0.0, ms_per_byte);
  if (open_.size() == most) {
    const auto& first = open_.front();
    base_ms_ = std::max(base_ms_, first.sent) + first.bytes * rate;
    open_.erase(open_.begin());
  }
  if (open_.empty())
    base_ms_ = std::max(base_ms_, free_ms_);
  open_.push_back({now_ms, std::max(0.0, bytes)});
  free_ms_ = std::max(free_ms_, now_ms) + open_.back().bytes * rate;
}

void link_load::crossed(double bytes, time_point sent, double carry_ms,
                        double ms_per_byte) {
  const double sent_ms = to_ms(sent.time_since_epoch());
  const auto found
    = std::find_if(open_.begin(), open_.end(), [&](const transfer& one) {
        return one.sent == sent_ms && one.bytes == std::max(0.0, bytes);
      });
  if (found == open_.end())
    return; // one sent after it was back before
  open_.erase(open_.begin(), found + 1);
  base_ms_ = sent_ms + std::max(0.0, carry_ms);
  free_ms_ = base_ms_;
  for (const auto& one : open_)
    free_ms_ = std::max(free_ms_, one.sent)
               + one.bytes * std::max(0.0, ms_per_byte);
}

double link_load::backlog_bytes(double free_ms, double ms_per_byte,
                                time_point now) noexcept {
  const double left = free_ms - to_ms(now.time_since_epoch());
  return left > 0 && ms_per_byte > 0 ? left / ms_per_byte : 0;
}

} // namespace faas::routing
