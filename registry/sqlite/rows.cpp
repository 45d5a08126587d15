#include "registry/sqlite/rows.hpp"

#include "registry/records/record_json.hpp"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <set>

namespace faas::registry::rows {
namespace {

using SQLite::Database;
using SQLite::Statement;

/// SQLite's integers are signed; all ours stay below 2^63.
int64_t as_signed(uint64_t value) {
  return static_cast<int64_t>(value);
}

result<void> read_versions(Database& db, function_record& record) {
  Statement query{db, "SELECT number, spec, bundle, created_ns, author "
                      "FROM versions WHERE function = ?"};
  query.bind(1, record.name.str());
  while (query.executeStep()) {
    const auto number = query.getColumn(0).getUInt();
    auto spec = spec_from_json(query.getColumn(1).getString());
    if (!spec)
      return unreadable_version(record.name, number, spec.error().message);
    auto bundle = digest::parse(query.getColumn(2).getString());
    if (!bundle)
      return unreadable_version(record.name, number, bundle.error().message);
    record.versions[number]
      = {number, std::move(*spec), *bundle,
         from_ns(query.getColumn(3).getInt64()), query.getColumn(4)};
  }
  if (!record.versions.contains(record.current))
    return unreadable_version(record.name, record.current, "it is missing");
  return {};
}

std::set<uint32_t> stored_versions(Database& db, const std::string& function) {
  Statement query{db, "SELECT number FROM versions WHERE function = ?"};
  query.bind(1, function);
  std::set<uint32_t> numbers;
  while (query.executeStep())
    numbers.insert(query.getColumn(0).getUInt());
  return numbers;
}

void insert_version(Database& db, const std::string& function,
                    const function_version& version) {
  Statement insert{db, "INSERT INTO versions VALUES (?, ?, ?, ?, ?, ?)"};
  insert.bind(1, function);
  insert.bind(2, version.number);
  insert.bind(3, to_json(version.spec));
  insert.bind(4, version.bundle.hex());
  insert.bind(5, to_ns(version.created));
  insert.bind(6, version.by);
  insert.exec();
}

} // namespace

revision read_revision(Database& db) {
  Statement query{db, "SELECT history, number FROM revision"};
  if (!query.executeStep())
    return {};
  return {query.getColumn(0).getString(),
          static_cast<uint64_t>(query.getColumn(1).getInt64())};
}

void write_revision(Database& db, const revision& at) {
  Statement insert{db, "INSERT OR REPLACE INTO revision VALUES (1, ?, ?)"};
  insert.bind(1, at.history);
  insert.bind(2, as_signed(at.number));
  insert.exec();
}

result<void> read_functions(Database& db, catalog_state& into) {
  Statement query{db, "SELECT name, current, last, removed, traffic "
                      "FROM functions"};
  while (query.executeStep()) {
    function_record record;
    record.name = function_name{query.getColumn(0).getString()};
    record.current = query.getColumn(1).getUInt();
    record.last = query.getColumn(2).getUInt();
    if (record.current == 0) {
      const auto removed = query.getColumn(3).getInt64();
      into.retired[record.name] = {record.last, static_cast<uint64_t>(removed)};
      continue;
    }
    if (auto ok = read_versions(db, record); !ok)
      return ok;
    auto rules = traffic_from_json(query.getColumn(4).getString());
    if (!rules)
      return unreadable_version(record.name, record.current,
                                rules.error().message);
    record.traffic = std::move(*rules);
    into.functions.emplace(record.name, std::move(record));
  }
  return {};
}

void write_function(Database& db, const function_record& record) {
  const auto& name = record.name.str();
  Statement insert{db, "INSERT OR REPLACE INTO functions "
                       "(name, current, last, removed, traffic) "
                       "VALUES (?, ?, ?, 0, ?)"};
  insert.bind(1, name);
  insert.bind(2, record.current);
  insert.bind(3, record.last);
  insert.bind(4, to_json(record.traffic));
  insert.exec();
  auto surplus = stored_versions(db, name);
  for (const auto& [number, version] : record.versions)
    if (surplus.erase(number) == 0)
      insert_version(db, name, version);
  for (const auto number : surplus) {
    Statement drop{db, "DELETE FROM versions WHERE function = ? "
                       "AND number = ?"};
    drop.bind(1, name);
    drop.bind(2, number);
    drop.exec();
  }
}

void retire_function(Database& db, const function_name& name, uint64_t at) {
  Statement drop{db, "DELETE FROM versions WHERE function = ?"};
  drop.bind(1, name.str());
  drop.exec();
  Statement update{db, "UPDATE functions SET current = 0, removed = ?, traffic = '' "
                       "WHERE name = ?"};
  update.bind(1, as_signed(at));
  update.bind(2, name.str());
  update.exec();
  Statement forget{db, "DELETE FROM functions WHERE current = 0 AND name IN "
                       "(SELECT name FROM functions WHERE current = 0 "
                       "ORDER BY removed DESC LIMIT -1 OFFSET ?)"};
  forget.bind(1, as_signed(kept_retired));
  forget.exec();
}

void write_retired(Database& db, const function_name& name,
                   const retired_function& retired) {
  Statement insert{db, "INSERT OR REPLACE INTO functions "
                       "(name, current, last, removed, traffic) "
                       "VALUES (?, 0, ?, ?, '')"};
  insert.bind(1, name.str());
  insert.bind(2, retired.last);
  insert.bind(3, as_signed(retired.removed));
  insert.exec();
}

void remove_all(Database& db) {
  db.exec("DELETE FROM versions; DELETE FROM functions; "
          "DELETE FROM requests");
}

std::optional<command_outcome> read_outcome(Database& db,
                                            const request_id& request) {
  Statement query{db, "SELECT number, version, unchanged FROM requests "
                      "WHERE id = ?"};
  query.bind(1, request.str());
  if (!query.executeStep())
    return std::nullopt;
  command_outcome outcome;
  outcome.at.number = static_cast<uint64_t>(query.getColumn(0).getInt64());
  outcome.version = query.getColumn(1).getUInt();
  outcome.unchanged = query.getColumn(2).getInt() != 0;
  outcome.repeated = true;
  return outcome;
}

void write_outcome(Database& db, const request_id& request,
                   const command_outcome& outcome, uint32_t keep) {
  Statement insert{db, "INSERT INTO requests (id, number, version, unchanged) "
                       "VALUES (?, ?, ?, ?)"};
  insert.bind(1, request.str());
  insert.bind(2, as_signed(outcome.at.number));
  insert.bind(3, outcome.version);
  insert.bind(4, outcome.unchanged ? 1 : 0);
  insert.exec();
  Statement forget{db, "DELETE FROM requests WHERE sequence <= "
                       "(SELECT max(sequence) FROM requests) - ?"};
  forget.bind(1, keep);
  forget.exec();
}

} // namespace faas::registry::rows
