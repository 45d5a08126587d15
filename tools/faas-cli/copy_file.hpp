// The file of an export: parts, each with its digest, and one digest over all.
#pragma once

#include "libfaas/core/id.hpp"
#include "registry/bundles/sha256.hpp"

#include <cstdint>
#include <fstream>
#include <functional>
#include <optional>

namespace faas::cli {

/// Lines of JSON with the parts' bytes between them:
///   {"petrel_export":1,"created":TIME,"key":ABOUT}
///   {"part":"registry"|"bundle","bytes":N,"digest":HEX (of a bundle)}
///   N bytes, a line end, {"sha256":HEX}   for each part
///   {"end":PARTS,"sha256":HEX}            of all lines before
/// It appears under its name when it is complete. Errors name the file.
class copy_writer {
public:
  /// errc::conflict when the file exists and may not be replaced.
  static result<copy_writer> open(std::filesystem::path file, bool replace,
                                  const std::string& created,
                                  const std::string& key);
  copy_writer(copy_writer&&) = default;
  ~copy_writer(); ///< unfinished: it vanishes

  /// Then exactly `bytes` bytes by write(), then end_part().
  result<void> begin_part(const std::string& kind, uint64_t bytes,
                          const std::optional<digest>& id = {});
  result<void> write(std::string_view bytes);
  /// errc::digest_mismatch when a bundle's bytes are not those of its digest.
  result<void> end_part();
  /// Durable when it returns.
  result<void> finish();

private:
  copy_writer() = default;
  result<void> line(const std::string& text);

  std::filesystem::path file_, draft_;
  std::ofstream out_;
  registry::sha256 lines_, part_;
  std::optional<digest> id_;
  uint64_t left_ = 0, parts_ = 0;
};

struct copy_part {
  std::string kind;
  std::optional<digest> id; ///< of a bundle
  uint64_t offset = 0, bytes = 0;
};

struct copy_index {
  std::string created, key; ///< key: JSON, "null" for none
  std::vector<copy_part> parts;
  uint64_t bytes = 0;
};

/// Reads the whole file and compares every digest. errc::digest_mismatch when it
/// is cut or was changed, errc::conflict when a newer faas-cli wrote it,
/// errc::invalid_argument when it is none. `progress`: bytes read, of how many.
result<copy_index>
check_copy(const std::filesystem::path& file,
           const std::function<void(uint64_t, uint64_t)>& progress);

} // namespace faas::cli
