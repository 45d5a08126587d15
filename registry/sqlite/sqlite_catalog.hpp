// The catalog in one SQLite file.
#pragma once

#include "libfaas/core/random.hpp"
#include "libfaas/ports/catalog.hpp"
#include "registry/sqlite/backups.hpp"

#include <chrono>
#include <filesystem>
#include <memory>

namespace faas::registry {

struct sqlite_catalog_options {
  /// The database; "-wal", "-shm" and ".lock" files appear beside it. It must
  /// lie on a local file system (SQLite's locks and WAL need one).
  std::filesystem::path file;
  /// Wait for another reader's lock, for example a running backup.
  std::chrono::milliseconds busy_timeout = std::chrono::seconds{5};
  /// Requests whose outcome is remembered.
  uint32_t remembered_requests = 10'000;
  /// Largest database; 0 = as the disk allows.
  uint64_t max_bytes = 0;
  backup_rules backups = {};
};

/// Catalog store on SQLite: write-ahead log, synchronous=FULL, one transaction
/// per commit (about 0.3 ms plus the disk's sync). Not thread safe; may move
/// between threads.
class sqlite_catalog final : public catalog_store {
public:
  /// Opens or makes the store (folder 0700, file 0600), checks its integrity
  /// and brings an older schema up to date, after a backup of it. A new store,
  /// and one that was restored from a backup, gets its history id from `random`,
  /// which must be seeded differently at every start. Errors name the file and
  /// the next step (for a damaged one: the newest good backup): errc::conflict when another process has
  /// it open or a newer Petrel wrote it, errc::storage_full, errc::internal
  /// when it is damaged or no catalog.
  static result<std::unique_ptr<sqlite_catalog>>
  open(sqlite_catalog_options options, random_source& random);

  ~sqlite_catalog() override;
  result<catalog_state> load() override;
  result<std::optional<command_outcome>>
  outcome_of(const request_id& request) override;
  using catalog_store::commit;
  result<void> commit(std::span<const catalog_change> changes) override;
  result<void> replace(const catalog_state& with,
                       const request_id& request) override;

private:
  struct state;
  explicit sqlite_catalog(std::unique_ptr<state> opened);
  std::unique_ptr<state> state_;
};

} // namespace faas::registry
