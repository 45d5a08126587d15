#include "registry/sqlite/database.hpp"

#include "libfaas/core/id.hpp"
#include "registry/sqlite/backups.hpp"
#include "registry/sqlite/rows.hpp"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Transaction.h>
#include <algorithm>
#include <fcntl.h>
#include <sys/stat.h>

namespace faas::registry {

result<void> make_private_file(const std::filesystem::path& file) {
  auto handle = open_file(file, O_RDWR | O_CREAT, 0600);
  if (!handle)
    return handle.error();
  if (::fchmod(handle->get(), 0600) != 0)
    return os_error(errno, "cannot make " + file.string() + " private");
  return sync_folder(file.parent_path());
}

result<void> configure(SQLite::Database& db, const std::filesystem::path& file,
                       uint64_t max_bytes) {
  const auto mode = db.execAndGet("PRAGMA journal_mode = WAL").getString();
  if (mode != "wal")
    return error{errc::internal,
                 "the file system of " + file.string()
                   + " does not support a write-ahead log",
                 "put the data folder on a local file system"};
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA trusted_schema = OFF");
  db.exec("PRAGMA journal_size_limit = 4194304");
  if (max_bytes > 0) {
    const auto page = db.execAndGet("PRAGMA page_size").getInt64();
    const auto pages
      = std::max<uint64_t>(1, max_bytes / static_cast<uint64_t>(page));
    db.execAndGet("PRAGMA max_page_count = " + std::to_string(pages));
  }
  return {};
}

result<void> check_integrity(SQLite::Database& db,
                             const std::filesystem::path& file,
                             const store_words& words) {
  const auto found = db.execAndGet("PRAGMA quick_check(1)").getString();
  if (found != "ok")
    return damaged_error(file, found, words);
  return {};
}

void begin_history(SQLite::Database& db, random_source& random) {
  SQLite::Transaction transaction{db, SQLite::TransactionBehavior::IMMEDIATE};
  auto at = rows::read_revision(db);
  if (was_restored(db) || at.history.empty()) {
    at.history = call_id::make(random).to_string();
    rows::write_revision(db, at);
    transaction.commit();
  }
}

} // namespace faas::registry
