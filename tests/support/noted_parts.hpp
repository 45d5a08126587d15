// An answer_parts for tests: notes what comes.
#pragma once

#include "libfaas/event/answer_parts.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace faas::test {

/// Takes all; or is full for some calls, or lets nobody wait after some parts.
class noted_parts final : public answer_parts {
public:
  /// The next calls are told to come later.
  void be_full(int calls) {
    const std::lock_guard lock{mutex_};
    full_ = calls;
  }
  /// Takes so many more parts; then nobody waits.
  void leave_after(size_t parts) {
    const std::lock_guard lock{mutex_};
    leave_ = parts;
  }

  taken put(const reply& head, std::string_view part) noexcept override {
    const std::lock_guard lock{mutex_};
    if (parts_.size() >= leave_)
      return taken::gone;
    if (on_part)
      on_part();
    if (full_ > 0) {
      --full_;
      return taken::later;
    }
    if (!head_)
      head_ = head;
    parts_.emplace_back(part);
    return taken::sent;
  }
  void wait_for_room(time_point) noexcept override {
    std::this_thread::yield(); // it says for itself how often it is full
  }
  bool began() const noexcept override {
    const std::lock_guard lock{mutex_};
    return head_.has_value();
  }

  /// Called with each part, before it is taken.
  std::function<void()> on_part;

  std::vector<std::string> parts() const {
    const std::lock_guard lock{mutex_};
    return parts_;
  }
  std::string all() const {
    std::string joined;
    for (const auto& part : parts())
      joined += part;
    return joined;
  }
  reply head() const {
    const std::lock_guard lock{mutex_};
    return head_.value();
  }
  int still_full() const {
    const std::lock_guard lock{mutex_};
    return full_;
  }

private:
  mutable std::mutex mutex_;
  std::optional<reply> head_;
  std::vector<std::string> parts_;
  int full_ = 0;
  size_t leave_ = ~size_t{0};
};

} // namespace faas::test
