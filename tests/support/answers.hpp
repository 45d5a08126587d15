// Collects the answers of many events and counts each.
#pragma once

#include "libfaas/event/completion.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <vector>

namespace faas::test {

/// A completion sink for tests. Thread safe. Waits give up after ten seconds,
/// which is a failure of the test, not a pause.
class answers final : public completion_sink,
                      public std::enable_shared_from_this<answers> {
public:
  static std::shared_ptr<answers> make() { return std::make_shared<answers>(); }

  /// A promise under a fresh token.
  completion promise(uint64_t token) { return {shared_from_this(), token}; }

  void complete(uint64_t token, reply&& answer) noexcept override {
    const std::lock_guard lock{mutex_};
    ++counts_[token];
    replies_[token] = std::move(answer);
    order_.push_back(token);
    came_.notify_all();
  }
  bool wanted(uint64_t) const noexcept override { return wanted_.load(); }
  void nobody_waits() { wanted_.store(false); }

  /// The answer of that token, as soon as there is one.
  reply wait(uint64_t token) {
    std::unique_lock lock{mutex_};
    came_.wait_for(lock, limit, [&] { return replies_.contains(token); });
    return replies_.at(token); // throws when none came
  }
  bool wait_for_count(size_t count) {
    std::unique_lock lock{mutex_};
    return came_.wait_for(lock, limit, [&] { return order_.size() >= count; });
  }
  bool has(uint64_t token) const {
    const std::lock_guard lock{mutex_};
    return replies_.contains(token);
  }
  /// Tokens in the order of their answers.
  std::vector<uint64_t> order() const {
    const std::lock_guard lock{mutex_};
    return order_;
  }
  /// True when no event was answered twice.
  bool each_once() const {
    const std::lock_guard lock{mutex_};
    for (const auto& [token, count] : counts_)
      if (count != 1)
        return false;
    return true;
  }
  std::map<uint64_t, reply> all() const {
    const std::lock_guard lock{mutex_};
    return replies_;
  }

private:
  static constexpr auto limit = std::chrono::seconds{10};
  mutable std::mutex mutex_;
  std::condition_variable came_;
  std::map<uint64_t, int> counts_;
  std::map<uint64_t, reply> replies_;
  std::vector<uint64_t> order_;
  std::atomic<bool> wanted_{true};
};

} // namespace faas::test
