// Secrets as files in memory-backed storage.
#pragma once

#include "libfaas/ports/secrets.hpp"
#include "registry/files/files.hpp"

#include <optional>

namespace faas::registry {

/// Kinds of file system that a folder lies on.
enum class backing : uint8_t { memory, disk };
/// errc::internal when it cannot be asked.
result<backing> backing_of(const std::filesystem::path& folder);

struct memory_files_options {
  /// Where; empty: $XDG_RUNTIME_DIR when that is in memory, else /dev/shm.
  std::filesystem::path folder;
  /// Tells nodes of one machine apart: the node's data folder.
  std::string owner;
};

/// ROOT/petrel-secrets-UID-HASH/FUNCTION.VERSION/NAME. Only this user enters
/// ROOT's folder (mode 0700); below it, folders are 0755 and files 0444, so that
/// a worker with a user of its own can read the one folder that its sandbox
/// shows. Written under another name and renamed. ROOT's folder is made with the
/// first secret. What a former run left behind is removed at the
/// start, everything at the end.
class memory_files final : public secret_files {
public:
  /// errc::forbidden when the folder is not in memory, or there already and
  /// another user's; errc::conflict when another process uses it.
  static result<std::unique_ptr<memory_files>>
  open(const memory_files_options& options);
  ~memory_files() override;

  std::filesystem::path folder_of(const version_ref& of) const override;
  result<void> write(const version_ref& of, const secret_name& name,
                     std::string_view value) override;
  result<secret_text> read(const version_ref& of,
                           const secret_name& name) const override;
  void remove(const version_ref& of) override;
  const std::filesystem::path& root() const noexcept { return root_; }

private:
  explicit memory_files(std::filesystem::path root) : root_(std::move(root)) {}
  /// Makes root_ ours: at the first write, or to remove what is in it.
  result<void> own();

  const std::filesystem::path root_;
  std::optional<file_lock> lock_;
};

} // namespace faas::registry
