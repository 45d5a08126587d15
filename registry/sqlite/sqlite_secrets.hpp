// Sealed secrets in one SQLite file, beside the catalog's.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/ports/secrets.hpp"
#include "registry/sqlite/backups.hpp"

#include <chrono>

namespace faas::registry {

struct sqlite_secrets_options {
  /// The database, on a local file system.
  std::filesystem::path file;
  std::chrono::milliseconds busy_timeout = std::chrono::seconds{5};
  /// Requests whose outcome is remembered.
  uint32_t remembered_requests = 1000;
  /// Largest database; 0 = as the disk allows.
  uint64_t max_bytes = 0;
  backup_rules backups = {};
};

/// As sqlite_catalog: write-ahead log, synchronous=FULL, one transaction per
/// change; what was replaced is overwritten (secure_delete). Not thread safe;
/// may move between threads.
class sqlite_secrets final : public secret_store {
public:
  /// The errors of sqlite_catalog::open().
  static result<std::unique_ptr<sqlite_secrets>>
  open(sqlite_secrets_options options, random_source& random);

  ~sqlite_secrets() override;
  result<secrets_state> load() override;
  result<std::optional<secret_outcome>>
  outcome_of(const request_id& request) override;
  result<void> commit(const secret_change& change) override;
  result<void> stage(const secrets_state& with) override;
  result<void> settle(const std::string& history) override;

private:
  struct state;
  explicit sqlite_secrets(std::unique_ptr<state> opened);
  std::unique_ptr<state> state_;
};

} // namespace faas::registry
