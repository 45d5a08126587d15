#include "functions/host/inline_watch.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace faas::host {
namespace {

std::string text(double value, const char* unit) {
  char buffer[48];
  std::snprintf(buffer, sizeof buffer, "%.1f %s", value, unit);
  return buffer;
}

} // namespace

// Two bits below the highest one pick the quarter of its power of two.
size_t inline_watch::bucket_of(duration service) noexcept {
  const auto ns = static_cast<uint64_t>(std::max<int64_t>(service.count(), 4));
  const auto power = static_cast<size_t>(std::bit_width(ns)) - 1;
  const auto quarter = ns >> (power - 2) & 3;
  return std::min<size_t>(4 * power + quarter, 159);
}

duration inline_watch::lower_bound(size_t bucket) noexcept {
  const auto power = bucket / 4;
  return duration{static_cast<int64_t>((4 + bucket % 4) << (power - 2))};
}

std::optional<std::string> inline_watch::stalled(duration service) const {
  return "one call held its gateway loop for " + text(to_ms(service), "ms")
         + " (allowed: " + text(to_ms(limits_.stall), "ms") + ")";
}

std::optional<std::string> inline_watch::end_window() {
  uint32_t above = window / 100; // calls that may be slower than p99
  size_t at = buckets_.size() - 1;
  while (at > 8 && buckets_[at] <= above)
    above -= buckets_[at--];
  p99_ = lower_bound(at);
  buckets_.fill(0);
  count_ = 0;
  if (p99_ <= limits_.p99)
    return std::nullopt;
  return "p99 of its last " + std::to_string(window) + " calls is at least "
         + text(to_ms(p99_) * 1000, "us")
         + " (allowed: " + text(to_ms(limits_.p99) * 1000, "us") + ")";
}

} // namespace faas::host
