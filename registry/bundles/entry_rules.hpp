// What may be in a bundle. The same rules hold for packing and unpacking, so
// that what was packed can be unpacked.
#pragma once

#include "libfaas/core/limits.hpp"
#include "libfaas/core/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace faas::registry {

struct bundle_limits {
  uint64_t bytes = limits::unpacked_bytes; ///< of all files together
  size_t files = limits::bundle_files;     ///< with folders and links
  size_t path_bytes = 512;                 ///< of one path
  size_t depth = 32;                       ///< parts of one path
};

/// The path in plain form ("a/b", without "./", doubled or final slashes;
/// empty for the bundle's own folder). errc::bad_bundle, naming the entry, for
/// absolute paths, "..", and paths over the limits.
result<std::string> checked_path(std::string_view path,
                                 const bundle_limits& limits);

/// A link may lead only into the bundle. Allowed are relative targets that
/// first go up (at most to the bundle's folder) and then down; a ".." after a
/// name is refused because the name may be a link itself.
result<void> check_link(const std::string& path, std::string_view target,
                        const bundle_limits& limits);

/// An entry's name, made fit for a message: cut, control characters replaced.
std::string shown(std::string_view path);

/// Error about one entry: "bundle entry 'a/b' <problem>".
error bad_entry(std::string_view path, const std::string& problem,
                std::string next_step = {});

enum class entry_kind : uint8_t { folder, file, link };

/// The entries seen so far. Finds names given twice and entries below
/// something that is no folder (a link, say), and counts.
class entry_tree {
public:
  explicit entry_tree(const bundle_limits& limits) : limits_(limits) {}

  /// Adds an entry with a checked path. Gives the folders that are to be made
  /// first, outermost first, with the entry itself if it is a new folder.
  result<std::vector<std::string>> add(entry_kind kind,
                                       const std::string& path);
  /// Counts content; an error as soon as it is too much.
  result<void> add_bytes(const std::string& path, uint64_t bytes);

  size_t size() const noexcept { return seen_.size(); }
  uint64_t bytes() const noexcept { return bytes_; }

private:
  result<void> insert(entry_kind kind, const std::string& path);

  bundle_limits limits_;
  std::map<std::string, entry_kind, std::less<>> seen_;
  uint64_t bytes_ = 0;
};

} // namespace faas::registry
