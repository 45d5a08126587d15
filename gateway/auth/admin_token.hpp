// The node's admin credential: a file that only its owner can read.
#pragma once

#include "libfaas/core/result.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace faas::auth {

/// 256 random bits as 64 hex digits. Copies share nothing; never logged.
class admin_token {
public:
  /// Reads the token file, or writes a new one (mode 0600) when there is none.
  /// errc::forbidden when others could read or have written it, with what to
  /// do; errc::invalid_argument when it holds no token; errc::storage_full,
  /// errc::unavailable when it cannot be written or read.
  static result<admin_token> load_or_create(const std::filesystem::path& file);

  /// Takes the same time wherever the difference is. Any thread.
  bool matches(std::string_view presented) const noexcept;
  /// True when load_or_create() made it.
  bool created() const noexcept { return created_; }

private:
  admin_token(std::string token, bool created)
    : token_(std::move(token)), created_(created) {}
  std::string token_;
  bool created_;
};

} // namespace faas::auth
