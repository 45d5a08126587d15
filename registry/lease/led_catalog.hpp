// A catalog that is written by the leader only.
#pragma once

#include "libfaas/ports/catalog.hpp"
#include "registry/lease/lease_keeper.hpp"

namespace faas::registry {

/// Commits carry the present lease and are refused without one, with the
/// reason (errc::unavailable). Reads need none. Not thread safe.
class led_catalog final : public catalog_store {
public:
  led_catalog(std::shared_ptr<lease_keeper> keeper,
              std::unique_ptr<catalog_store> store)
    : store_(std::move(store)), keeper_(std::move(keeper)) {}

  result<catalog_state> load() override {
    store_->fence(keeper_->held());
    return store_->load();
  }
  result<std::optional<command_outcome>>
  outcome_of(const request_id& request) override {
    return store_->outcome_of(request);
  }
  using catalog_store::commit;
  result<void> commit(std::span<const catalog_change> changes) override {
    const auto held = keeper_->held();
    if (held.token == 0)
      return keeper_->trouble();
    store_->fence(held);
    return store_->commit(changes);
  }

private:
  std::unique_ptr<catalog_store> store_;
  std::shared_ptr<lease_keeper> keeper_;
};

} // namespace faas::registry
