#include "registry/sqlite/sqlite_catalog.hpp"

#include "registry/sqlite/database.hpp"
#include "registry/sqlite/rows.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

namespace faas::registry {

using SQLite::TransactionBehavior;

struct sqlite_catalog::state {
  sqlite_catalog_options options;
  file_lock lock;
  SQLite::Database db;
  database_backups backups;
};

namespace {

result<void> prepare(SQLite::Database& db,
                     const sqlite_catalog_options& options,
                     database_backups& backups, random_source& random) {
  if (auto ok = check_integrity(db, options.file); !ok)
    return ok;
  // Before the first write: a stranger's database stays untouched.
  if (auto version = schema_version(db); !version)
    return version.error();
  if (auto ok = configure(db, options.file, options.max_bytes); !ok)
    return ok;
  if (auto ok = migrate(db, catalog_migrations(), &backups); !ok)
    return ok;
  begin_history(db, random);
  return {};
}

} // namespace

sqlite_catalog::sqlite_catalog(std::unique_ptr<state> opened)
  : state_(std::move(opened)) {}

sqlite_catalog::~sqlite_catalog() = default;

result<std::unique_ptr<sqlite_catalog>>
sqlite_catalog::open(sqlite_catalog_options options, random_source& random) {
  const auto file = std::filesystem::absolute(options.file);
  options.file = file;
  if (auto ok = make_private_folder(file.parent_path()); !ok)
    return ok.error();
  auto lock
    = file_lock::take(file.string() + ".lock", "the catalog " + file.string());
  if (!lock)
    return lock.error();
  if (auto ok = make_private_file(file); !ok)
    return ok.error();
  using opened = result<std::unique_ptr<sqlite_catalog>>;
  const auto made_rules = options.backups;
  return guarded(nullptr, file, [&]() -> opened {
    auto made = std::make_unique<state>(
      std::move(options), std::move(*lock),
      SQLite::Database{file.string(), SQLite::OPEN_READWRITE},
      database_backups{file, made_rules});
    auto& db = made->db;
    db.setBusyTimeout(static_cast<int>(made->options.busy_timeout.count()));
    auto ready = guarded(&db, file, [&] {
      return prepare(db, made->options, made->backups, random);
    });
    if (!ready)
      return ready.error();
    return std::unique_ptr<sqlite_catalog>{new sqlite_catalog{std::move(made)}};
  });
}

result<catalog_state> sqlite_catalog::load() {
  auto& db = state_->db;
  return guarded(&db, state_->options.file, [&]() -> result<catalog_state> {
    // One snapshot for all tables, whatever others do to the file.
    SQLite::Transaction snapshot{db};
    catalog_state loaded;
    loaded.at = rows::read_revision(db);
    if (auto ok = rows::read_functions(db, loaded); !ok)
      return ok.error();
    return loaded;
  });
}

result<std::optional<command_outcome>>
sqlite_catalog::outcome_of(const request_id& request) {
  using found = result<std::optional<command_outcome>>;
  auto& db = state_->db;
  return guarded(&db, state_->options.file, [&]() -> found {
    auto outcome = rows::read_outcome(db, request);
    if (outcome)
      outcome->at.history = rows::read_revision(db).history;
    return outcome;
  });
}

namespace {

/// One change in an open transaction.
result<void> write(SQLite::Database& db, const catalog_change& change,
                   uint32_t remembered_requests) {
  const auto& outcome = change.outcome;
  auto expected = rows::read_revision(db);
  if (!outcome.unchanged)
    ++expected.number;
  if (outcome.at != expected)
    return error{errc::conflict,
                 "the change was planned on another revision than "
                   + std::to_string(expected.number),
                 "load the catalog again and repeat the command"};
  if (rows::read_outcome(db, change.request))
    return error{errc::conflict,
                 "request " + change.request.str() + " was carried out before",
                 "ask for its outcome"};
  if (!outcome.unchanged) {
    if (change.record)
      rows::write_function(db, *change.record);
    else
      rows::retire_function(db, change.function, outcome.at.number);
    rows::write_revision(db, outcome.at);
  }
  if (!change.request.empty())
    rows::write_outcome(db, change.request, outcome, remembered_requests);
  return {};
}

} // namespace

result<void>
sqlite_catalog::commit(std::span<const catalog_change> changes) {
  auto& db = state_->db;
  return guarded(&db, state_->options.file, [&]() -> result<void> {
    SQLite::Transaction transaction{db, TransactionBehavior::IMMEDIATE};
    for (const auto& change : changes)
      if (auto ok = write(db, change, state_->options.remembered_requests);
          !ok)
        return ok; // rolled back
    transaction.commit();
    state_->backups.make_if_due(db);
    return {};
  });
}

result<void> sqlite_catalog::replace(const catalog_state& with,
                                     const request_id& request) {
  auto& db = state_->db;
  state_->backups.make_before_import(db);
  return guarded(&db, state_->options.file, [&]() -> result<void> {
    SQLite::Transaction transaction{db, TransactionBehavior::IMMEDIATE};
    rows::remove_all(db);
    for (const auto& [name, record] : with.functions)
      rows::write_function(db, record);
    for (const auto& [name, retired] : with.retired)
      rows::write_retired(db, name, retired);
    rows::write_revision(db, with.at);
    command_outcome outcome;
    outcome.at = with.at;
    if (!request.empty())
      rows::write_outcome(db, request, outcome,
                          state_->options.remembered_requests);
    transaction.commit();
    return {};
  });
}

} // namespace faas::registry
