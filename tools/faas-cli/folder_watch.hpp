// Sees when the files of a function change.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <filesystem>

namespace faas::cli {

/// Files that one watch looks at.
inline constexpr size_t most_watched_files = 20'000;

/// A number that changes with the names, sizes and times of the files below a
/// folder. Left out: folders whose name begins with a dot, __pycache__, and
/// `made` (what a build writes). errc::too_large: more files than `most`.
result<uint64_t> fingerprint(const std::filesystem::path& folder,
                             const std::filesystem::path& made,
                             size_t most = most_watched_files);

} // namespace faas::cli
