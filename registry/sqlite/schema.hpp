// Tables of the catalog and their migration. Internal to this folder and its
// tests.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace SQLite {
class Database;
class Exception;
} // namespace SQLite

namespace faas::registry {

/// Step i takes schema version i to i + 1; the number of steps is the version
/// that this program writes. Steps that were released are never changed.
std::span<const std::string_view> catalog_migrations() noexcept;
std::span<const std::string_view> secrets_migrations() noexcept;

/// Version of the schema in the database; 0 when it is empty. An error when
/// the file holds other tables.
result<uint32_t> schema_version(SQLite::Database& db);

class database_backups;

/// Applies the steps that are missing, each in its own transaction; a store that
/// holds something is copied first, when `backups` is given. A newer schema than
/// ours is errc::conflict and nothing is changed.
result<void> migrate(SQLite::Database& db,
                     std::span<const std::string_view> steps,
                     database_backups* backups = nullptr);

/// How messages speak of a store.
struct store_words {
  const char* name;  ///< "the catalog"
  const char* again; ///< what is to be done when its data are lost
};
inline constexpr store_words catalog_words{"the catalog",
                                           "deploy the functions again"};

/// Error with the file's name and what to do, for what SQLite threw.
error sqlite_error(SQLite::Database* db, const SQLite::Exception& thrown,
                   const std::filesystem::path& file,
                   const store_words& words = catalog_words);
error damaged_error(const std::filesystem::path& file,
                    const std::string& detail,
                    const store_words& words = catalog_words);

/// Runs `task` (returning a result) and turns SQLite's exceptions into errors.
template <class Exception = SQLite::Exception, class Task>
auto guarded(SQLite::Database* db, const std::filesystem::path& file, Task task,
             const store_words& words = catalog_words) -> decltype(task()) {
  try {
    return task();
  } catch (const Exception& thrown) {
    return sqlite_error(db, thrown, file, words);
  }
}

} // namespace faas::registry
