#include "libfaas/routing/queue_model.hpp"

#include <algorithm>

namespace faas::routing {

void site_load::start(double service_ms, double transit_ms,
                      time_point now) noexcept {
  if (count_++ == 0)
    sum_ms_ = free_ms_ = 0;
  const double work = std::max(0.0, service_ms);
  const double there = ms(now) + std::max(0.0, transit_ms);
  sum_ms_ += work;
  free_ms_ = std::max(free_ms_, there) + work / servers_;
  last_ms_ = there + work;
}

void site_load::finish(double service_ms, double back_ms,
                       time_point now) noexcept {
  if (count_ == 0)
    return;
  --count_;
  sum_ms_ = std::max(0.0, sum_ms_ - std::max(0.0, service_ms));
  // The others began when this one left the site, unless still on their way.
  free_ms_ = std::max(ms(now) - back_ms + sum_ms_ / servers_, last_ms_);
}

double site_load::drain_ms(uint32_t count, double sum_ms, double free_ms,
                           time_point now) noexcept {
  if (count == 0)
    return 0;
  // Slower than expected: at least a tenth of a mean service is left.
  const double least = 0.1 * sum_ms / count;
  return std::max(free_ms - ms(now), least);
}

double link_load::after(double free_ms, double bytes, double ms_per_byte,
                        time_point now) noexcept {
  const double now_ms = to_ms(now.time_since_epoch());
  return std::max(free_ms, now_ms)
         + std::max(0.0, bytes) * std::max(0.0, ms_per_byte);
}

double link_load::backlog_bytes(double free_ms, double ms_per_byte,
                                time_point now) noexcept {
  const double left = free_ms - to_ms(now.time_since_epoch());
  return left > 0 && ms_per_byte > 0 ? left / ms_per_byte : 0;
}

} // namespace faas::routing
