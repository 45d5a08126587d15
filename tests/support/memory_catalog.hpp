// A catalog store without a disk, for tests.
#pragma once

#include "libfaas/ports/catalog.hpp"

#include <deque>
#include <set>
#include <utility>

namespace faas::testing {

/// Keeps the contract of catalog_store, except that its durability ends with
/// the object. Not thread safe.
class memory_catalog : public catalog_store {
public:
  explicit memory_catalog(std::string history = "memory",
                          size_t remembered = 10'000)
    : remembered_(remembered) {
    state_.at.history = std::move(history);
  }

  result<catalog_state> load() override {
    if (auto failure = std::exchange(next_load_, std::nullopt))
      return *failure;
    return state_;
  }

  result<std::optional<command_outcome>>
  outcome_of(const request_id& request) override {
    const auto found = outcomes_.find(request);
    if (found == outcomes_.end())
      return std::optional<command_outcome>{};
    auto outcome = found->second;
    outcome.repeated = true;
    return std::optional{outcome};
  }

  using catalog_store::commit;
  result<void> commit(std::span<const catalog_change> changes) override {
    if (auto failure = std::exchange(next_commit_, std::nullopt))
      return *failure;
    auto at = state_.at;
    std::set<request_id> seen;
    for (const auto& change : changes) {
      at.number += change.outcome.unchanged ? 0 : 1;
      if (change.outcome.at != at)
        return error{errc::conflict, "planned on another revision"};
      if (outcomes_.contains(change.request)
          || (!change.request.empty() && !seen.insert(change.request).second))
        return error{errc::conflict, "request was carried out before"};
    }
    for (const auto& change : changes) {
      apply(state_, change);
      remember(change);
    }
    ++commits_;
    return {};
  }

  result<void> replace(const catalog_state& with,
                       const request_id& request) override {
    if (auto failure = std::exchange(next_commit_, std::nullopt))
      return *failure;
    state_ = with;
    outcomes_.clear();
    order_.clear();
    catalog_change change;
    change.request = request;
    change.outcome.at = with.at;
    remember(change);
    return {};
  }

  /// The next load() or commit() fails so and changes nothing.
  void fail_next_load(error failure) { next_load_ = std::move(failure); }
  void fail_next_commit(error failure) { next_commit_ = std::move(failure); }
  /// What is stored now.
  const catalog_state& state() const noexcept { return state_; }
  uint64_t commits() const noexcept { return commits_; }

private:
  void remember(const catalog_change& change) {
    if (change.request.empty())
      return;
    outcomes_[change.request] = change.outcome;
    order_.push_back(change.request);
    if (order_.size() > remembered_) {
      outcomes_.erase(order_.front());
      order_.pop_front();
    }
  }

  size_t remembered_;
  catalog_state state_;
  std::map<request_id, command_outcome> outcomes_;
  std::deque<request_id> order_;
  std::optional<error> next_load_, next_commit_;
  uint64_t commits_ = 0;
};

} // namespace faas::testing
