// A lease without a server, under a clock that the test moves.
#pragma once

#include "libfaas/ports/lease.hpp"

namespace faas::testing {

/// Keeps the contract of lease_store. Not thread safe.
class memory_lease : public lease_store {
public:
  explicit memory_lease(const clock_source& clock) : clock_(&clock) {}

  result<lease_answer> acquire(const std::string& holder,
                               duration ttl) override {
    const auto now = clock_->now();
    lease_answer answer;
    if (held_.token != 0 && now < end_ && held_.holder != holder) {
      answer.held_by = held_.holder;
      answer.left = end_ - now;
      return answer;
    }
    held_ = {holder, ++last_};
    end_ = now + ttl;
    answer.granted = held_;
    answer.held_by = holder;
    answer.left = ttl;
    return answer;
  }
  result<bool> renew(const lease& held, duration ttl) override {
    if (held != held_ || clock_->now() >= end_)
      return false;
    end_ = clock_->now() + ttl;
    return true;
  }
  result<void> release(const lease& held) override {
    if (held == held_)
      end_ = clock_->now();
    return {};
  }

private:
  const clock_source* clock_;
  lease held_;
  uint64_t last_ = 0;
  time_point end_{};
};

} // namespace faas::testing
