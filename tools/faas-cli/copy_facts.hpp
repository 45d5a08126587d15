// What export and import tell of a registry.
#pragma once

#include "libfaas/core/id.hpp"
#include "tools/faas-cli/command.hpp"
#include "tools/faas-cli/copy_key.hpp"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace faas::cli {

/// What a registry's text, as the gateway gives it, says of itself.
struct registry_facts {
  size_t functions = 0, secrets = 0;
  bool has_secrets = false, has_ca = false;
  std::vector<std::pair<digest, uint64_t>> bundles; ///< those that are there
  size_t absent = 0; ///< bundles of older versions that were removed
};

/// errc::digest_mismatch when it is none, cut or changed.
result<registry_facts> facts_of(const std::string& text);

/// As the gateway wants it; {} without one. Holds the key in clear.
nlohmann::json key_object(const copy_key& key);

/// A bar on a terminal, on one line that is rewritten; nothing elsewhere.
class progress_bar {
public:
  progress_bar(session& s, std::string what) : s_(s), what_(std::move(what)) {}
  ~progress_bar();
  /// Bytes.
  void operator()(uint64_t done, uint64_t total);

private:
  session& s_;
  std::string what_;
  int percent_ = -1;
  bool shown_ = false;
};

} // namespace faas::cli
