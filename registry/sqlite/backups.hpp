// Copies of a database beside it, to go back to when it is damaged.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace SQLite {
class Database;
}

namespace faas::registry {

struct backup_rules {
  size_t keep = 7; ///< copies of each database; older ones are removed
  /// A change makes a copy when the last one is older than this.
  duration every = std::chrono::hours{24};
  /// Null: no regular copies. One before a migration is always made.
  const clock_source* clock = nullptr;
  /// Gets lines for the operator. May be empty.
  std::function<void(std::string)> log;
};

struct backup_file {
  std::filesystem::path file;
  uint64_t sequence = 0; ///< counts up, whatever the clock does
  wall_time made{};      ///< by the clock of then; from the name
};

/// The copies of one database, in `backups/` beside it: NAME-000007-
/// 20261126T201500Z.db, mode 0600, whole or not there at all. Each carries a
/// mark, so that a store that is restored from it begins a new history (see
/// was_restored()). Not thread safe; blocks for as long as the file's size takes
/// to write.
class database_backups {
public:
  database_backups(std::filesystem::path file, backup_rules rules);

  /// Makes a copy and removes surplus ones. `db` is open on the file, outside
  /// of a transaction. SQLite's exceptions pass through. errc::storage_full.
  result<void> make(SQLite::Database& db);
  /// After a change: makes one when it is due. What goes wrong is logged and
  /// tried again after an hour; the change is not affected.
  void make_if_due(SQLite::Database& db) noexcept;
  /// Before everything is replaced: likewise, whether it is due or not.
  void make_before_import(SQLite::Database& db) noexcept;

  /// Oldest first.
  static std::vector<backup_file> list(const std::filesystem::path& file);
  /// The newest copy that is whole.
  static std::optional<backup_file>
  newest_good(const std::filesystem::path& file);

private:
  bool due(wall_time now);
  void try_to_make(SQLite::Database& db, wall_time now);

  std::filesystem::path file_;
  backup_rules rules_;
  bool looked_ = false; ///< last_ is known
  std::optional<wall_time> last_, failed_;
};

/// Whether the file is such a copy that was put in the database's place; the
/// mark is taken off. Inside of a transaction.
bool was_restored(SQLite::Database& db);

/// The shell commands that put a copy in the place of a database.
std::string restore_commands(const std::filesystem::path& file,
                             const std::filesystem::path& copy);

} // namespace faas::registry
