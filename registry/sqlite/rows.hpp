// Reads and writes the catalog's tables. Internal to this folder; SQLite's
// exceptions pass through.
#pragma once

#include "libfaas/ports/catalog.hpp"

namespace SQLite {
class Database;
}

namespace faas::registry::rows {

revision read_revision(SQLite::Database& db);
void write_revision(SQLite::Database& db, const revision& at);

result<void> read_functions(SQLite::Database& db, catalog_state& into);
/// Writes the function and those of its versions that changed.
void write_function(SQLite::Database& db, const function_record& record);
/// Keeps only the last version number, for kept_retired removals.
void retire_function(SQLite::Database& db, const function_name& name,
                     uint64_t at);

void write_retired(SQLite::Database& db, const function_name& name,
                   const retired_function& retired);
/// Functions, versions and remembered requests; not the revision.
void remove_all(SQLite::Database& db);

std::optional<command_outcome> read_outcome(SQLite::Database& db,
                                            const request_id& request);
/// Remembers the outcome and forgets those before the last `keep`.
void write_outcome(SQLite::Database& db, const request_id& request,
                   const command_outcome& outcome, uint32_t keep);

} // namespace faas::registry::rows
