#include "registry/sqlite/schema.hpp"

#include "registry/files/files.hpp"
#include "registry/sqlite/backups.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <array>
#include <sqlite3.h>
#include <string>

namespace faas::registry {
namespace {

constexpr std::array<std::string_view, 2> steps_{
  // 1: a removed function keeps its row with current = 0, so that its version
  // numbers are not given again.
  R"sql(
    CREATE TABLE revision (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      history TEXT NOT NULL,
      number INTEGER NOT NULL);
    CREATE TABLE functions (
      name TEXT PRIMARY KEY,
      current INTEGER NOT NULL,
      last INTEGER NOT NULL,
      removed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
    CREATE TABLE versions (
      function TEXT NOT NULL,
      number INTEGER NOT NULL,
      spec TEXT NOT NULL,
      bundle TEXT NOT NULL,
      created_ns INTEGER NOT NULL,
      author TEXT NOT NULL,
      PRIMARY KEY (function, number)) WITHOUT ROWID;
    CREATE TABLE requests (
      sequence INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      number INTEGER NOT NULL,
      version INTEGER NOT NULL,
      unchanged INTEGER NOT NULL);
  )sql",
  // 2: aliases, weights and the rollout of a function (to_json(traffic_rules)).
  R"sql(
    ALTER TABLE functions ADD COLUMN traffic TEXT NOT NULL DEFAULT '';
  )sql"};

constexpr std::array<std::string_view, 2> secrets_steps_{
  // 1: values are sealed; the key is in no database.
  R"sql(
    CREATE TABLE revision (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      history TEXT NOT NULL,
      number INTEGER NOT NULL);
    CREATE TABLE secrets (
      name TEXT PRIMARY KEY,
      version INTEGER NOT NULL,
      key TEXT NOT NULL,
      box BLOB NOT NULL,
      created_ns INTEGER NOT NULL,
      changed_ns INTEGER NOT NULL,
      author TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE requests (
      sequence INTEGER PRIMARY KEY,
      id TEXT NOT NULL UNIQUE,
      number INTEGER NOT NULL,
      version INTEGER NOT NULL,
      unchanged INTEGER NOT NULL);
  )sql",
  // 2: what an import has brought, until the catalog has taken it over.
  R"sql(
    CREATE TABLE staged_revision (
      one INTEGER PRIMARY KEY CHECK (one = 1),
      history TEXT NOT NULL,
      number INTEGER NOT NULL);
    CREATE TABLE staged_secrets (
      name TEXT PRIMARY KEY,
      version INTEGER NOT NULL,
      key TEXT NOT NULL,
      box BLOB NOT NULL,
      created_ns INTEGER NOT NULL,
      changed_ns INTEGER NOT NULL,
      author TEXT NOT NULL) WITHOUT ROWID;
  )sql"};

int64_t single_value(SQLite::Database& db, const char* sql) {
  return db.execAndGet(sql).getInt64();
}

/// errno of the last failed write; sqlite3_system_errno() does not know it.
/// The log first: it is what a commit writes.
int last_errno(SQLite::Database& db) {
  auto* handle = db.getHandle();
  int code = 0;
  sqlite3_file* log = nullptr;
  if (sqlite3_file_control(handle, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log)
        == SQLITE_OK
      && log && log->pMethods)
    log->pMethods->xFileControl(log, SQLITE_FCNTL_LAST_ERRNO, &code);
  if (code == 0)
    sqlite3_file_control(handle, "main", SQLITE_FCNTL_LAST_ERRNO, &code);
  return code;
}

} // namespace

std::span<const std::string_view> catalog_migrations() noexcept {
  return steps_;
}

std::span<const std::string_view> secrets_migrations() noexcept {
  return secrets_steps_;
}

result<uint32_t> schema_version(SQLite::Database& db) {
  if (db.tableExists("petrel_schema"))
    return static_cast<uint32_t>(
      single_value(db, "SELECT version FROM petrel_schema"));
  if (single_value(db, "SELECT count(*) FROM sqlite_master") == 0)
    return uint32_t{0};
  return error{errc::conflict,
               db.getFilename() + " is a database, but no Petrel catalog",
               "move it away or choose another data folder"};
}

result<void> migrate(SQLite::Database& db,
                     std::span<const std::string_view> steps,
                     database_backups* backups) {
  auto version = schema_version(db);
  if (!version)
    return version.error();
  if (*version > steps.size())
    return error{errc::conflict,
                 "the store " + db.getFilename()
                   + " was written by a newer Petrel (schema "
                   + std::to_string(*version) + ", this one knows up to "
                   + std::to_string(steps.size()) + ")",
                 "start the newer faas-node; to stay with this one, stop it and "
                 "go back to the backup made before the upgrade (the newest in "
                   + (std::filesystem::path{db.getFilename()}.parent_path()
                      / "backups")
                       .string()
                   + " of this name; see docs/operations.md, Backup)"};
  if (backups != nullptr && *version > 0 && *version < steps.size())
    if (auto copied = backups->make(db); !copied)
      return copied;
  for (auto next = *version; next < steps.size(); ++next) {
    SQLite::Transaction transaction{db, SQLite::TransactionBehavior::IMMEDIATE};
    if (next == 0)
      db.exec("CREATE TABLE petrel_schema (version INTEGER NOT NULL);"
              "INSERT INTO petrel_schema VALUES (0)");
    db.exec(std::string{steps[next]});
    db.exec("UPDATE petrel_schema SET version = " + std::to_string(next + 1));
    transaction.commit();
  }
  return {};
}

error damaged_error(const std::filesystem::path& file,
                    const std::string& detail, const store_words& words) {
  const auto what = std::string{words.name} + " " + file.string()
                    + " is damaged: " + detail;
  const auto name = file.filename().string();
  if (const auto copy = database_backups::newest_good(file))
    return {errc::internal, what,
            "stop the node and go back to the backup " + copy->file.string()
              + " (what was changed since is lost): "
              + restore_commands(file, copy->file)};
  return {errc::internal, what,
          "there is no backup in " + (file.parent_path() / "backups").string()
            + ": stop the node, move " + name + ", " + name + "-wal and "
            + name + "-shm aside, then import an export (faas-cli import), or "
            "start without one and "
            + words.again};
}

error sqlite_error(SQLite::Database* db, const SQLite::Exception& thrown,
                   const std::filesystem::path& file,
                   const store_words& words) {
  const auto store = std::string{words.name} + " " + file.string();
  const int code = thrown.getErrorCode() & 0xff;
  const int system = db ? last_errno(*db) : 0;
  if (code == SQLITE_FULL || (code == SQLITE_IOERR && means_full(system)))
    return {errc::storage_full,
            "no room for " + store + ": " + thrown.what(),
            "free space on that file system; nothing was changed, so the "
            "command can be repeated"};
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB)
    return damaged_error(file, thrown.what(), words);
  if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
    return {errc::unavailable,
            store + " is locked by another program",
            "end the backup or shell that holds it, and repeat"};
  auto text = store + ": " + thrown.what();
  if (system != 0)
    return os_error(system, text);
  return {errc::internal, std::move(text),
          "check the disk and the permissions of the file and its folder"};
}

} // namespace faas::registry
