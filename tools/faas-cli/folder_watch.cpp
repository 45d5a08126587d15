#include "tools/faas-cli/folder_watch.hpp"

#include <string>

namespace faas::cli {
namespace {

namespace fs = std::filesystem;

/// FNV-1a.
uint64_t mix(uint64_t hash, std::string_view bytes) {
  for (const unsigned char byte : bytes)
    hash = (hash ^ byte) * 1'099'511'628'211u;
  return hash;
}

uint64_t hash_of(const fs::directory_entry& file) {
  std::error_code gone;
  const auto size = file.file_size(gone);
  const auto time = file.last_write_time(gone).time_since_epoch().count();
  return mix(mix(14'695'981'039'346'656'037u, file.path().native()),
             std::to_string(size) + " " + std::to_string(time));
}

bool skipped(const fs::path& folder) {
  const auto name = folder.filename().string();
  return name.starts_with('.') || name == "__pycache__";
}

} // namespace

result<uint64_t> fingerprint(const fs::path& folder, const fs::path& made,
                             size_t most) {
  uint64_t sum = 0; // of hashes: the order of a folder's entries says nothing
  size_t files = 0;
  std::error_code failure;
  fs::recursive_directory_iterator at{folder, failure}, end;
  for (; !failure && at != end; at.increment(failure)) {
    std::error_code gone;
    if (at->is_directory(gone)) {
      if (skipped(at->path()))
        at.disable_recursion_pending();
      continue;
    }
    if (at->path() == made)
      continue;
    if (++files > most)
      return error{errc::too_large,
                   folder.string() + " has more than "
                     + std::to_string(most) + " files, too many to watch",
                   "use --no-reload, or move what is no part of the function "
                   "elsewhere"};
    sum += hash_of(*at);
  }
  return sum;
}

} // namespace faas::cli
