// The key that seals secrets in an export.
#pragma once

#include "libfaas/core/secret_text.hpp"
#include "tools/faas-cli/command.hpp"

#include <nlohmann/json_fwd.hpp>

namespace faas::cli {

/// The options of export and import that name a key.
inline constexpr option copy_key_options[] = {
  {"passphrase-file", option::kind::value,
   "file whose first line seals the secrets and the cluster's CA", "FILE"},
  {"key-file", option::kind::value,
   "instead: file with 64 hex digits, for no one else to read", "FILE"},
};

struct copy_key {
  secret_text hex;  ///< 64 digits; empty: none was given
  std::string about; ///< JSON for the head of the file: how to make it again
};

/// For a new export: a passphrase gets a fresh salt (scrypt).
/// errc::not_found, errc::forbidden (others may read the file),
/// errc::invalid_argument.
result<copy_key> make_copy_key(session& s, const arguments& args);
/// The key that `about` (from a file's head) wants, from the same options.
/// errc::forbidden when it is another one; empty when none was given.
result<copy_key> find_copy_key(session& s, const arguments& args,
                               const std::string& about);

} // namespace faas::cli
