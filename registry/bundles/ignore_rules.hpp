// Which files of a folder do not go into a bundle.
#pragma once

#include "libfaas/core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace faas::registry {

/// Rules in the manner of .gitignore, but fewer: one glob per line (`*`, `?`,
/// `[a-z]`); `#` begins a comment line. A pattern without a slash counts at
/// any depth, one with a slash from the folder down, one that ends in a slash
/// for folders only. There is no `**` and no `!`: they are errors, lest they
/// be misread. Always left out: version control folders, .petrelignore itself,
/// editors' backup and lock files.
class ignore_rules {
public:
  ignore_rules();
  /// Adds the lines of a .petrelignore; errc::invalid_argument names the line.
  result<void> add(std::string_view text);
  /// `path` is relative to the packed folder, with plain slashes.
  bool ignores(const std::string& path, bool folder) const;

private:
  struct rule {
    std::string pattern;
    bool anywhere; ///< compare the last name only
    bool folder_only;
  };
  result<void> add_line(std::string_view line, size_t number);

  std::vector<rule> rules_;
};

} // namespace faas::registry
