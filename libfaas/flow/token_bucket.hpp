// A bound on how often something is done.
#pragma once

#include "libfaas/core/clock.hpp"

#include <algorithm>

namespace faas::flow {

/// Lets `rate` per second pass on average and `burst` at once. One thread.
class token_bucket {
public:
  token_bucket(double rate, double burst) noexcept
    : per_ms_(rate / 1000), burst_(burst), tokens_(burst) {}

  bool take(time_point now) noexcept {
    if (now > at_) {
      tokens_ = std::min(burst_, tokens_ + to_ms(now - at_) * per_ms_);
      at_ = now;
    }
    if (tokens_ < 1)
      return false;
    tokens_ -= 1;
    return true;
  }

private:
  double per_ms_, burst_, tokens_;
  time_point at_{};
};

} // namespace faas::flow
