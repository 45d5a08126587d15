// What the gateway needs to export and import a registry.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/ports/registry_copy.hpp"
#include "libfaas/ports/trust_store.hpp"

#include <filesystem>
#include <mutex>

namespace faas::registry {

struct porter_options {
  /// The cluster's authority; null: this node has none.
  trust_store* trust = nullptr;
  /// The folder of its files, where an imported one waits for the next start;
  /// empty: none can be imported here, as others share it.
  std::filesystem::path trust_folder;
  uint64_t seed = 0; ///< another one at every start
};

class porter final : public registry_porter {
public:
  explicit porter(porter_options options);

  result<std::shared_ptr<const secret_sealer>>
  sealer_of(std::string_view key) const override;
  std::string write(const registry_copy& copy,
                    const std::function<std::optional<uint64_t>(
                      const digest&)>& bytes_of) const override;
  std::unique_ptr<registry_copy_reader> reader() const override;
  std::string new_history() override;
  result<sealed_secret> copy_trust(const secret_sealer& seal) const override;
  result<void> takes_trust() const override;
  result<std::string> stage_trust(const sealed_secret& trust,
                                  const secret_sealer& opener) override;

private:
  porter_options options_;
  std::mutex mutex_;
  random_source random_;
};

} // namespace faas::registry
