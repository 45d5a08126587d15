// A store of secrets without a disk and a sealer without a key, for tests.
#pragma once

#include "libfaas/ports/secrets.hpp"

#include <deque>
#include <utility>

namespace faas::testing {

/// Keeps the contract of secret_store, except for durability.
class memory_secrets : public secret_store {
public:
  explicit memory_secrets(std::string history = "memory",
                          size_t remembered = 1000)
    : remembered_(remembered) {
    state_.at.history = std::move(history);
  }
  result<secrets_state> load() override {
    if (auto failure = std::exchange(next_load_, std::nullopt))
      return *failure;
    return state_;
  }
  result<std::optional<secret_outcome>>
  outcome_of(const request_id& request) override {
    const auto found = outcomes_.find(request);
    if (found == outcomes_.end())
      return std::optional<secret_outcome>{};
    auto outcome = found->second;
    outcome.repeated = true;
    return std::optional{outcome};
  }
  result<void> commit(const secret_change& change) override {
    if (auto failure = std::exchange(next_commit_, std::nullopt))
      return *failure;
    const uint64_t step = change.outcome.unchanged ? 0 : 1;
    if (change.outcome.at
        != revision{state_.at.history, state_.at.number + step})
      return error{errc::conflict, "planned on another revision"};
    if (outcomes_.contains(change.request))
      return error{errc::conflict, "request was carried out before"};
    apply(state_, change);
    if (change.request.empty())
      return {};
    outcomes_[change.request] = change.outcome;
    order_.push_back(change.request);
    if (order_.size() > remembered_) {
      outcomes_.erase(order_.front());
      order_.pop_front();
    }
    return {};
  }

  result<void> stage(const secrets_state& with) override {
    if (auto failure = std::exchange(next_commit_, std::nullopt))
      return *failure;
    staged_ = with;
    return {};
  }
  result<void> settle(const std::string& history) override {
    if (auto failure = std::exchange(next_settle_, std::nullopt))
      return *failure;
    if (staged_ && staged_->at.history == history) {
      state_ = *staged_;
      outcomes_.clear();
      order_.clear();
    }
    staged_.reset();
    return {};
  }

  /// The next load() or commit() fails so and changes nothing.
  void fail_next_load(error failure) { next_load_ = std::move(failure); }
  void fail_next_commit(error failure) { next_commit_ = std::move(failure); }
  void fail_next_settle(error failure) { next_settle_ = std::move(failure); }
  secrets_state& state() noexcept { return state_; }

private:
  size_t remembered_;
  secrets_state state_;
  std::map<request_id, secret_outcome> outcomes_;
  std::deque<request_id> order_;
  std::optional<secrets_state> staged_;
  std::optional<error> next_load_, next_commit_, next_settle_;
};

/// Boxes are the value in reverse, with the name before it.
class plain_sealer final : public secret_sealer {
public:
  explicit plain_sealer(std::string key = "k1") : key_(std::move(key)) {}
  result<sealed_secret> seal(const secret_name& name, uint64_t version,
                             std::string_view value) const override {
    sealed_secret made;
    made.version = version;
    made.key = key_;
    made.box = name.str() + "|" + std::string{value.rbegin(), value.rend()};
    return made;
  }
  result<secret_text> open(const secret_name& name,
                           const sealed_secret& secret) const override {
    if (secret.key != key_)
      return error{errc::unavailable, "sealed with key " + secret.key};
    const auto at = secret.box.find('|');
    if (secret.box.substr(0, at) != name.str())
      return error{errc::internal, "the record was changed"};
    const auto text = secret.box.substr(at + 1);
    return secret_text{std::string{text.rbegin(), text.rend()}};
  }

private:
  std::string key_;
};

} // namespace faas::testing
