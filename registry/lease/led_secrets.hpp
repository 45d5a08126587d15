// Secrets that are written by the leader only.
#pragma once

#include "libfaas/ports/secrets.hpp"

namespace faas::registry {

/// As led_catalog, under the same lease; reads need none.
class led_secrets final : public secret_store {
public:
  led_secrets(std::shared_ptr<const leader_seat> seat,
              std::unique_ptr<secret_store> store)
    : store_(std::move(store)), seat_(std::move(seat)) {}

  result<secrets_state> load() override { return store_->load(); }
  result<std::optional<secret_outcome>>
  outcome_of(const request_id& request) override {
    return store_->outcome_of(request);
  }
  result<void> commit(const secret_change& change) override {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    store_->fence(held);
    return store_->commit(change);
  }
  result<void> stage(const secrets_state& with) override {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    store_->fence(held);
    return store_->stage(with);
  }
  result<void> settle(const std::string& history) override {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    store_->fence(held);
    return store_->settle(history);
  }

private:
  std::unique_ptr<secret_store> store_;
  std::shared_ptr<const leader_seat> seat_;
};

} // namespace faas::registry
