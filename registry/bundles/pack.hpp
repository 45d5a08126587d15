// Packs a folder or a list of files into a bundle.
#pragma once

#include "libfaas/core/id.hpp"
#include "registry/bundles/entry_rules.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace faas::registry {

struct pack_options {
  uint64_t packed_bytes = limits::bundle_bytes;
  bundle_limits unpacked{};
  int level = 3; ///< of zstd, 1..19
};

/// One file (or link, which stays a link) and its path in the bundle.
struct pack_item {
  std::string path;
  std::filesystem::path source;
};

struct packed_bundle {
  std::filesystem::path file;
  digest id;
  uint64_t bytes = 0;    ///< packed
  uint64_t unpacked = 0; ///< content of all files
  size_t files = 0;      ///< files and links
};

/// The files of a folder that belong into a bundle, sorted by path: all but
/// those that ignore_rules and the folder's .petrelignore leave out. Empty
/// folders are left out. errc::bad_bundle for what no bundle may hold (pipes,
/// links out of the folder, ...), errc::not_found when there is no folder.
result<std::vector<pack_item>> list_folder(const std::filesystem::path& folder,
                                           const pack_options& options = {});

/// Packs the items as tar + zstd into `output`, which appears only when it is
/// complete. The same content gives the same bytes, hence the same digest, on
/// every machine with the same libzstd: sorted by path, time 0, owner 0, modes
/// 0644 or 0755. errc::bad_bundle, errc::too_large, errc::storage_full.
result<packed_bundle> pack_files(std::vector<pack_item> items,
                                 const std::filesystem::path& output,
                                 const pack_options& options = {});

/// list_folder() and pack_files(). The output may lie in the folder; it is
/// not packed.
result<packed_bundle> pack_folder(const std::filesystem::path& folder,
                                  const std::filesystem::path& output,
                                  const pack_options& options = {});

} // namespace faas::registry
