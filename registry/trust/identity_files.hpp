// A node's own key and certificate on its disk.
#pragma once

#include "libfaas/trust/identity.hpp"
#include "libfaas/trust/rules.hpp"
#include "registry/files/files.hpp"

#include <optional>

namespace faas::registry {

/// identity.json, joining.json and revoked.json in one folder (data folder / "trust"). Not
/// thread safe. Errors as those of trust_store.
class identity_files {
public:
  explicit identity_files(std::filesystem::path folder)
    : folder_(std::move(folder)) {}

  /// Nullopt: the node has not joined.
  result<std::optional<trust::node_identity>> load() const;
  result<void> save(const trust::node_identity& identity) const;

  /// What of other nodes' certificates was taken back, as last heard; empty
  /// when never. revoked.json.
  result<trust::taken_serials> load_revoked() const;
  result<void> save_revoked(const trust::taken_serials& taken) const;

  /// The key of a join under way; empty: none.
  result<std::string> joining_key() const;
  result<void> save_joining_key(const std::string& key) const;
  /// The join is over: its key is in the identity.
  void forget_joining_key() const noexcept;

private:
  std::filesystem::path folder_;
};

} // namespace faas::registry
