// A trust store without a disk.
#pragma once

#include "libfaas/ports/trust_store.hpp"

#include <mutex>
#include <optional>

namespace faas::test {

class memory_trust_store final : public trust_store {
public:
  result<trust::authority_keys> authority(
    const std::function<result<trust::authority_keys>()>& make) override {
    const std::lock_guard lock{mutex_};
    if (!keys_) {
      auto made = make();
      if (!made)
        return made;
      keys_ = std::move(*made);
    }
    return *keys_;
  }
  trust::ledger read() const override {
    const std::lock_guard lock{mutex_};
    return ledger_;
  }
  result<void> change(
    const std::function<result<void>(trust::ledger&)>& edit) override {
    const std::lock_guard lock{mutex_};
    auto changed = ledger_;
    if (auto good = edit(changed); !good)
      return good;
    ledger_ = std::move(changed);
    return {};
  }

private:
  mutable std::mutex mutex_;
  std::optional<trust::authority_keys> keys_;
  trust::ledger ledger_;
};

} // namespace faas::test
