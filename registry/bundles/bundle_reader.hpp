// Reads packed bundles (tar + zstd) that nobody has reason to trust.
#pragma once

#include "registry/bundles/entry_rules.hpp"
#include "registry/bundles/sha256.hpp"

#include <string_view>
#include <vector>

namespace faas::registry {

/// Packed bytes of an open file, from its start; the file's digest falls out
/// of reading it. The descriptor must stay open.
class packed_source {
public:
  explicit packed_source(int fd) : fd_(fd), buffer_(256 * 1024) {}
  /// The next bytes; empty at the end.
  result<std::string_view> next();
  /// Reads what is left; the digest of the whole file.
  result<digest> finish();

private:
  int fd_;
  uint64_t offset_ = 0;
  std::vector<char> buffer_;
  sha256 hash_;
};

/// Gets the entries of a bundle in order. This class ignores them all, which
/// makes reading a mere check. An error ends the reading.
class bundle_visitor {
public:
  virtual ~bundle_visitor() = default;
  virtual result<void> folder(const std::string& path) { return {}; }
  virtual result<void> link(const std::string& path,
                            const std::string& target) {
    return {};
  }
  virtual result<void> begin_file(const std::string& path, bool executable) {
    return {};
  }
  virtual result<void> data(std::string_view bytes) { return {}; }
  virtual result<void> end_file() { return {}; }
};

/// Reads a bundle. Every path is plain and unique and every parent folder has
/// been announced; links stay inside; sizes are counted while unpacking, so
/// that an archive bomb ends at the limit. errc::bad_bundle names the entry.
result<void> read_bundle(packed_source& source, const bundle_limits& limits,
                         bundle_visitor& visitor);

} // namespace faas::registry
