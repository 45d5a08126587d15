// A node's replica of its assignments, in one file.
#pragma once

#include "libfaas/ports/replica_store.hpp"

#include <filesystem>

namespace faas::registry {

/// Mode 0600, with a digest of its bytes. Not thread safe.
class replica_file final : public replica_store {
public:
  static constexpr size_t max_bytes = 256 * 1024 * 1024;

  explicit replica_file(std::filesystem::path file) : file_(std::move(file)) {}
  result<std::optional<std::string>> load() override;
  result<void> save(std::string_view bytes) override;

private:
  std::filesystem::path file_;
};

} // namespace faas::registry
