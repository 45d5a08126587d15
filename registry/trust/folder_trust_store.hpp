// The authority's key and ledger as files.
#pragma once

#include "libfaas/ports/trust_store.hpp"
#include "registry/files/files.hpp"

#include <memory>
#include <mutex>

namespace faas::registry {

/// One process at a time (lock file). Thread safe.
class folder_trust_store final : public trust_store {
public:
  /// Makes the folder (mode 0700) when absent. errc::conflict when another
  /// process has it.
  static result<std::unique_ptr<folder_trust_store>>
  open(std::filesystem::path folder);

  result<trust::authority_keys> authority(
    const std::function<result<trust::authority_keys>()>& make) override;
  trust::ledger read() const override;
  result<void> change(
    const std::function<result<void>(trust::ledger&)>& edit) override;

private:
  folder_trust_store(std::filesystem::path folder, file_lock lock,
                     trust::ledger ledger)
    : folder_(std::move(folder)),
      lock_(std::move(lock)),
      ledger_(std::move(ledger)) {}

  std::filesystem::path folder_;
  file_lock lock_;
  mutable std::mutex mutex_;
  trust::ledger ledger_;
};

} // namespace faas::registry
