// Bundles that other controllers shall keep before a deployment is made.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/id.hpp"

#include <functional>
#include <map>
#include <set>
#include <utility>
#include <vector>

namespace faas::actors {

/// Who was asked, and who has answered. Pure; one thread. Each `done` is called
/// once: when all have answered or left, or when the time is over.
class bundle_shares {
public:
  /// For one deployment; then it is made without the copy.
  static constexpr auto patience = std::chrono::seconds{10};
  static constexpr size_t max_open = 1000; ///< further ones do not wait

  /// Questions carry the id. `to` is not empty.
  uint64_t begin(std::set<node_name> to, time_point now,
                 std::function<void()> done) {
    if (open_.size() >= max_open)
      finish(open_.begin());
    open_[++last_] = {std::move(to), now + patience, std::move(done)};
    return last_;
  }
  void answered(uint64_t id, const node_name& by) {
    if (const auto found = open_.find(id); found != open_.end())
      strike(found, by);
  }
  void left(const node_name& node) {
    for (auto it = open_.begin(); it != open_.end();)
      strike(it++, node);
  }
  /// Those who have not answered in time.
  std::set<node_name> expire(time_point now) {
    std::set<node_name> late;
    while (!open_.empty() && now >= open_.begin()->second.until) {
      late.insert(open_.begin()->second.waiting.begin(),
                  open_.begin()->second.waiting.end());
      finish(open_.begin());
    }
    return late;
  }

private:
  struct share {
    std::set<node_name> waiting;
    time_point until{};
    std::function<void()> done;
  };
  using entry = std::map<uint64_t, share>::iterator;

  void strike(entry at, const node_name& node) {
    at->second.waiting.erase(node);
    if (at->second.waiting.empty())
      finish(at);
  }
  void finish(entry at) {
    const auto done = std::move(at->second.done);
    open_.erase(at);
    done();
  }

  std::map<uint64_t, share> open_; ///< ids grow, hence so do their ends
  uint64_t last_ = 0;
};

} // namespace faas::actors
