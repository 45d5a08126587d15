// How this folder's stores open their files. Internal to this folder; SQLite's
// exceptions pass through.
#pragma once

#include "libfaas/core/random.hpp"
#include "registry/files/files.hpp"
#include "registry/sqlite/schema.hpp"

namespace faas::registry {

/// Makes the file, or makes it private. SQLite would make it with the umask's
/// rights, and its "-wal" and "-shm" files take over the rights of the file.
result<void> make_private_file(const std::filesystem::path& file);
/// Write-ahead log, full syncs; `max_bytes` 0: as the disk allows.
result<void> configure(SQLite::Database& db, const std::filesystem::path& file,
                       uint64_t max_bytes);
result<void> check_integrity(SQLite::Database& db,
                             const std::filesystem::path& file,
                             const store_words& words = catalog_words);
/// A new history id for a new store and for one that was restored.
void begin_history(SQLite::Database& db, random_source& random);

} // namespace faas::registry
