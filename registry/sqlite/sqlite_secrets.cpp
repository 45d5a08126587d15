#include "registry/sqlite/sqlite_secrets.hpp"

#include "registry/records/record_json.hpp"
#include "registry/sqlite/database.hpp"
#include "registry/sqlite/rows.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

namespace faas::registry {

using SQLite::Database;
using SQLite::Statement;

struct sqlite_secrets::state {
  sqlite_secrets_options options;
  file_lock lock;
  Database db;
  database_backups backups;
};

namespace {

constexpr store_words words{"the store of secrets",
                            "create the secrets again"};

int64_t as_signed(uint64_t value) {
  return static_cast<int64_t>(value);
}

result<void> prepare(Database& db, const sqlite_secrets_options& options,
                     database_backups& backups, random_source& random) {
  if (auto ok = check_integrity(db, options.file, words); !ok)
    return ok;
  // Before the first write: a stranger's database stays untouched.
  if (auto version = schema_version(db); !version)
    return version.error();
  if (auto ok = configure(db, options.file, options.max_bytes); !ok)
    return ok;
  db.exec("PRAGMA secure_delete = ON");
  if (auto ok = migrate(db, secrets_migrations(), &backups); !ok)
    return ok;
  begin_history(db, random);
  return {};
}

secrets_state read_state(Database& db) {
  secrets_state read;
  read.at = rows::read_revision(db);
  Statement query{db, "SELECT name, version, key, box, created_ns, changed_ns, "
                      "author FROM secrets"};
  while (query.executeStep()) {
    sealed_secret secret;
    secret.version = static_cast<uint64_t>(query.getColumn(1).getInt64());
    secret.key = query.getColumn(2).getString();
    secret.box = query.getColumn(3).getString(); // with zero bytes
    secret.created = from_ns(query.getColumn(4).getInt64());
    secret.changed = from_ns(query.getColumn(5).getInt64());
    secret.by = query.getColumn(6).getString();
    read.secrets[secret_name{query.getColumn(0).getString()}]
      = std::move(secret);
  }
  return read;
}

void write_secret(Database& db, const secret_name& name,
                  const sealed_secret& secret,
                  const std::string& table = "secrets") {
  Statement insert{db, "INSERT OR REPLACE INTO " + table
                         + " VALUES (?, ?, ?, ?, ?, ?, ?)"};
  insert.bind(1, name.str());
  insert.bind(2, as_signed(secret.version));
  insert.bind(3, secret.key);
  insert.bind(4, secret.box.data(), static_cast<int>(secret.box.size()));
  insert.bind(5, to_ns(secret.created));
  insert.bind(6, to_ns(secret.changed));
  insert.bind(7, secret.by);
  insert.exec();
}

void remove_secret(Database& db, const secret_name& name) {
  Statement drop{db, "DELETE FROM secrets WHERE name = ?"};
  drop.bind(1, name.str());
  drop.exec();
}

std::optional<secret_outcome> read_outcome(Database& db,
                                           const request_id& request) {
  Statement query{db, "SELECT number, version, unchanged FROM requests "
                      "WHERE id = ?"};
  query.bind(1, request.str());
  if (!query.executeStep())
    return std::nullopt;
  secret_outcome outcome;
  outcome.at.number = static_cast<uint64_t>(query.getColumn(0).getInt64());
  outcome.version = static_cast<uint64_t>(query.getColumn(1).getInt64());
  outcome.unchanged = query.getColumn(2).getInt() != 0;
  outcome.repeated = true;
  return outcome;
}

void write_outcome(Database& db, const request_id& request,
                   const secret_outcome& outcome, uint32_t keep) {
  Statement insert{db, "INSERT INTO requests (id, number, version, unchanged) "
                       "VALUES (?, ?, ?, ?)"};
  insert.bind(1, request.str());
  insert.bind(2, as_signed(outcome.at.number));
  insert.bind(3, as_signed(outcome.version));
  insert.bind(4, outcome.unchanged ? 1 : 0);
  insert.exec();
  Statement forget{db, "DELETE FROM requests WHERE sequence <= "
                       "(SELECT max(sequence) FROM requests) - ?"};
  forget.bind(1, keep);
  forget.exec();
}

/// What a change must have been planned on.
result<void> check_plan(Database& db, const secret_change& change) {
  auto expected = rows::read_revision(db);
  if (!change.outcome.unchanged)
    ++expected.number;
  if (change.outcome.at != expected)
    return error{errc::conflict,
                 "the change was planned on another revision than "
                   + std::to_string(expected.number),
                 "load the secrets again and repeat the command"};
  if (read_outcome(db, change.request))
    return error{errc::conflict,
                 "request " + change.request.str() + " was carried out before",
                 "ask for its outcome"};
  return {};
}

} // namespace

sqlite_secrets::sqlite_secrets(std::unique_ptr<state> opened)
  : state_(std::move(opened)) {}

sqlite_secrets::~sqlite_secrets() = default;

result<std::unique_ptr<sqlite_secrets>>
sqlite_secrets::open(sqlite_secrets_options options, random_source& random) {
  const auto file = std::filesystem::absolute(options.file);
  options.file = file;
  if (auto ok = make_private_folder(file.parent_path()); !ok)
    return ok.error();
  auto lock = file_lock::take(file.string() + ".lock",
                              std::string{words.name} + " " + file.string());
  if (!lock)
    return lock.error();
  if (auto ok = make_private_file(file); !ok)
    return ok.error();
  using opened = result<std::unique_ptr<sqlite_secrets>>;
  const auto made_rules = options.backups;
  const auto open_it = [&]() -> opened {
    auto made = std::make_unique<state>(
      std::move(options), std::move(*lock),
      Database{file.string(), SQLite::OPEN_READWRITE},
      database_backups{file, made_rules});
    auto& db = made->db;
    db.setBusyTimeout(static_cast<int>(made->options.busy_timeout.count()));
    auto ready = guarded(
      &db, file,
      [&] { return prepare(db, made->options, made->backups, random); }, words);
    if (!ready)
      return ready.error();
    return std::unique_ptr<sqlite_secrets>{new sqlite_secrets{std::move(made)}};
  };
  return guarded(nullptr, file, open_it, words);
}

result<secrets_state> sqlite_secrets::load() {
  auto& db = state_->db;
  const auto read = [&]() -> result<secrets_state> {
    SQLite::Transaction snapshot{db};
    return read_state(db);
  };
  return guarded(&db, state_->options.file, read, words);
}

result<std::optional<secret_outcome>>
sqlite_secrets::outcome_of(const request_id& request) {
  auto& db = state_->db;
  const auto read = [&]() -> result<std::optional<secret_outcome>> {
    auto outcome = read_outcome(db, request);
    if (outcome)
      outcome->at.history = rows::read_revision(db).history;
    return outcome;
  };
  return guarded(&db, state_->options.file, read, words);
}

result<void> sqlite_secrets::commit(const secret_change& change) {
  auto& db = state_->db;
  const auto write = [&]() -> result<void> {
    SQLite::Transaction transaction{db, SQLite::TransactionBehavior::IMMEDIATE};
    if (auto ok = check_plan(db, change); !ok)
      return ok;
    if (!change.outcome.unchanged) {
      if (change.record)
        write_secret(db, change.name, *change.record);
      else
        remove_secret(db, change.name);
      rows::write_revision(db, change.outcome.at);
    }
    if (!change.request.empty())
      write_outcome(db, change.request, change.outcome,
                    state_->options.remembered_requests);
    transaction.commit();
    state_->backups.make_if_due(db);
    return {};
  };
  return guarded(&db, state_->options.file, write, words);
}

result<void> sqlite_secrets::stage(const secrets_state& with) {
  auto& db = state_->db;
  state_->backups.make_before_import(db);
  const auto write = [&]() -> result<void> {
    SQLite::Transaction transaction{db, SQLite::TransactionBehavior::IMMEDIATE};
    db.exec("DELETE FROM staged_secrets; DELETE FROM staged_revision");
    for (const auto& [name, secret] : with.secrets)
      write_secret(db, name, secret, "staged_secrets");
    Statement at{db, "INSERT INTO staged_revision VALUES (1, ?, ?)"};
    at.bind(1, with.at.history);
    at.bind(2, as_signed(with.at.number));
    at.exec();
    transaction.commit();
    return {};
  };
  return guarded(&db, state_->options.file, write, words);
}

result<void> sqlite_secrets::settle(const std::string& history) {
  auto& db = state_->db;
  const auto write = [&]() -> result<void> {
    SQLite::Transaction transaction{db, SQLite::TransactionBehavior::IMMEDIATE};
    Statement staged{db, "SELECT history FROM staged_revision"};
    if (!staged.executeStep())
      return {};
    if (staged.getColumn(0).getString() == history)
      db.exec("DELETE FROM secrets; DELETE FROM requests; "
              "INSERT INTO secrets SELECT * FROM staged_secrets; "
              "DELETE FROM revision; "
              "INSERT INTO revision SELECT * FROM staged_revision");
    staged.reset();
    db.exec("DELETE FROM staged_secrets; DELETE FROM staged_revision");
    transaction.commit();
    return {};
  };
  return guarded(&db, state_->options.file, write, words);
}

} // namespace faas::registry
