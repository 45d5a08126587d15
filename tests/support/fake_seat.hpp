// A controller's place among several, as the test says.
#pragma once

#include "libfaas/ports/lease.hpp"

#include <mutex>

namespace faas::testing {

/// Thread safe. News are told only by tell(): who acts must look at held().
class fake_seat final : public leader_seat {
public:
  lease held() const override {
    const std::lock_guard lock{mutex_};
    return now_.held;
  }
  error trouble() const override {
    const std::lock_guard lock{mutex_};
    return {errc::unavailable,
            now_.held_by.empty() ? "nobody leads"
                                 : holder_node(now_.held_by) + " leads",
            "ask there"};
  }
  void follow(std::function<void(leader_news)> told) override {
    const std::lock_guard lock{mutex_};
    told_ = std::move(told);
    if (told_)
      told_(now_);
  }

  void lead(uint64_t token) { set({{"me 1", token}, ""}); }
  void lose(std::string to = "") { set({{}, std::move(to)}); }
  void tell() {
    const std::lock_guard lock{mutex_};
    if (told_)
      told_(now_);
  }

private:
  void set(leader_news now) {
    const std::lock_guard lock{mutex_};
    now_ = std::move(now);
  }

  mutable std::mutex mutex_;
  leader_news now_;
  std::function<void(leader_news)> told_;
};

} // namespace faas::testing
