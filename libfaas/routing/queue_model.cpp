#include "libfaas/routing/queue_model.hpp"

#include <algorithm>
#include <functional>
#include <iterator>

namespace faas::routing {
namespace {

/// What is left at least of an event that should have ended.
constexpr double late_share = 0.1;

} // namespace

site_load::site_load(double servers) {
  set_servers(servers);
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
  const bool all_busy = busy_.size() >= servers_;
  free_ms_ = !all_busy && beyond_ == 0
               ? 0
               : (all_busy ? busy_.front() : since_) + beyond_ms_ / servers;
  double sum = 0;
  for (const auto& one : open_)
    sum += one.service;
  least_ms_ = open_.empty()
                ? 0
                : late_share * sum / static_cast<double>(open_.size());
}

void site_load::start(double service_ms, double transit_ms, time_point now) {
  const double arrives = ms(now) + std::max(0.0, transit_ms);
  event one{arrives, std::max(0.0, service_ms), arrives, 0};
  if (open_.size() < most && beyond_ == 0) { // else behind those
    plan(one);
    open_.push_back(one);
  } else {
    ++beyond_;
    beyond_ms_ += one.service;
  }
  show();
}

uint32_t site_load::finish(double service_ms, double back_ms, time_point now,
                           double inside_ms) {
  const double service = std::max(0.0, service_ms);
  const auto found
    = std::find_if(open_.begin(), open_.end(), [&](const event& one) {
        return one.service == service;
      });
  const double left = ms(now) - std::max(0.0, back_ms);
  if (found != open_.end()) {
    const double late = left - inside_ms - found->expected;
    const auto behind = open_.erase(found);
    if (inside_ms >= 0)
      for (auto one = behind; one != open_.end(); ++one) {
        one->arrives = one->expected + late;
        one->begins = std::max(one->begins, one->arrives);
      }
  } else if (beyond_ > 0) {
    --beyond_;
    beyond_ms_ = beyond_ == 0 ? 0 : std::max(0.0, beyond_ms_ - service);
  }
  // It left the site then. What had begun goes on; since none of these has
  // returned, they end after that, and no more than `servers` can have begun.
  since_ = left;
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
  const double size = std::max(0.0, bytes);
  if (free_ms_ <= now_ms) {
    idle_ms_ = now_ms;
    idle_all_ = all_;
  }
  all_ += size;
  if (open_.size() == most)
    open_.pop_front();
  open_.push_back(
    {now_ms, size, all_, std::max(0.0, all_ - size - over_all_)});
  free_ms_ = std::max(free_ms_, now_ms) + size * std::max(0.0, ms_per_byte);
}

namespace {

/// An event that waited so long, if that fits its way; else its bytes took what
/// is believed, and it says nothing.
double fitting(double waited, double carry, double own) noexcept {
  return waited > carry ? std::max(0.0, carry - own) : std::max(0.0, waited);
}

} // namespace

std::optional<double> link_load::overtook(double sent_ms, double bytes,
                                          double carry_ms, double rate) {
  const auto found = std::find_if( // mostly one of the last
    overtaken_.rbegin(), overtaken_.rend(), [&](const overtaken& one) {
      return one.sent == sent_ms && one.bytes == bytes;
    });
  if (found == overtaken_.rend())
    return {};
  const double waited = found->waited;
  overtaken_.erase(std::next(found).base());
  return fitting(waited, carry_ms, bytes * rate);
}

/// Several loops send: their clock is read before they take their turn, so that
/// some are behind one that was sent a little later.
std::deque<link_load::transfer>::iterator
link_load::find_open(double sent_ms, double size) {
  constexpr std::ptrdiff_t out_of_order = 16;
  auto at = std::lower_bound(
    open_.begin(), open_.end(), sent_ms,
    [](const transfer& one, double time) { return one.sent < time; });
  at -= std::min(out_of_order, at - open_.begin());
  for (std::ptrdiff_t beyond = 0; at != open_.end() && beyond < out_of_order;
       ++at) {
    if (at->sent == sent_ms && at->bytes == size)
      return at;
    beyond += at->sent > sent_ms ? 1 : 0;
  }
  return open_.end();
}

std::optional<double> link_load::crossed(double bytes, time_point sent,
                                         double carry_ms, double ms_per_byte) {
  constexpr double slower = 4; // than believed, at most, when it is a wait
  const double sent_ms = to_ms(sent.time_since_epoch());
  const double size = std::max(0.0, bytes);
  const double carry = std::max(0.0, carry_ms);
  const double rate = std::max(0.0, ms_per_byte);
  const auto found = find_open(sent_ms, size);
  if (found == open_.end())
    return overtook(sent_ms, size, carry, rate); // a later one was back before
  // Those between the last one that is back and this one: when they crossed.
  const auto waited = [&](const transfer& one, double over) {
    return std::clamp(over - one.sent, 0.0, slower * rate * one.ahead);
  };
  double over = over_ms_;
  for (auto one = open_.begin(); one != found; ++one) {
    if (overtaken_.size() == most_overtaken)
      overtaken_.pop_front();
    overtaken_.push_back({one->sent, one->bytes, waited(*one, over)});
    over = std::max(over, one->sent) + one->bytes * rate;
  }
  const double own_wait = fitting(waited(*found, over), carry, size * rate);
  over_ms_ = sent_ms + carry;
  over_all_ = found->until;
  const double behind = (all_ - found->until) * rate;
  const bool idle_since = idle_all_ >= found->until;
  open_.erase(open_.begin(), found + 1);
  free_ms_ = over_ms_ + behind;
  if (idle_since)
    free_ms_ = std::max(free_ms_, idle_ms_ + (all_ - idle_all_) * rate);
  return own_wait;
}

} // namespace faas::routing
