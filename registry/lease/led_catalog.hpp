// A catalog that is written by the leader only.
#pragma once

#include "libfaas/ports/catalog.hpp"

namespace faas::registry {

/// Loads and commits carry the present lease and are refused without one, with
/// the reason (errc::unavailable). Not thread safe.
class led_catalog final : public catalog_store {
public:
  led_catalog(std::shared_ptr<const leader_seat> seat,
              std::unique_ptr<catalog_store> store)
    : store_(std::move(store)), seat_(std::move(seat)) {}

  result<catalog_state> load() override {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    store_->fence(held);
    return store_->load();
  }
  result<std::optional<command_outcome>>
  outcome_of(const request_id& request) override {
    return store_->outcome_of(request);
  }
  using catalog_store::commit;
  result<void> commit(std::span<const catalog_change> changes) override {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    store_->fence(held);
    return store_->commit(changes);
  }
  result<void> replace(const catalog_state& with,
                       const request_id& request) override {
    const auto held = seat_->held();
    if (held.token == 0)
      return seat_->trouble();
    store_->fence(held);
    return store_->replace(with, request);
  }
  void seen(const revision& at) override { store_->seen(at); }

private:
  std::unique_ptr<catalog_store> store_;
  std::shared_ptr<const leader_seat> seat_;
};

} // namespace faas::registry
