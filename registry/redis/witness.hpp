// What this node remembers of a store that others can empty. Internal to this
// folder.
#pragma once

#include "libfaas/ports/admin_port.hpp"

#include <filesystem>
#include <optional>

namespace faas::registry::redis {

/// The highest revision that this node has seen, in memory and, with a file,
/// over restarts of the node. The file is not synced: it outlives the process,
/// not the machine.
class witness {
public:
  /// An empty path: memory only.
  explicit witness(std::filesystem::path file) : file_(std::move(file)) {}

  /// Reads the file at the first call. errc::internal when it cannot be read.
  result<std::optional<revision>> seen();
  /// A failure to write is told once the next seen() reads an older number:
  /// it costs the detection, not the change.
  void saw(const revision& at);
  const std::filesystem::path& file() const noexcept { return file_; }

private:
  std::filesystem::path file_;
  bool read_ = false;
  std::optional<revision> known_;
};

} // namespace faas::registry::redis
