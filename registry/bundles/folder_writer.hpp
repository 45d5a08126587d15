// Writes the entries of a bundle into a folder.
#pragma once

#include "registry/bundles/bundle_reader.hpp"
#include "registry/files/files.hpp"

#include <filesystem>

namespace faas::registry {

/// Unpacks into a new, private folder and makes the content read-only (files
/// 0444 or 0555, folders 0555; the folder itself stays writable until it has
/// been moved to its place). errc::storage_full when less than `reserve` bytes
/// would be left free.
class folder_writer final : public bundle_visitor {
public:
  static result<std::unique_ptr<folder_writer>>
  create(const std::filesystem::path& folder, uint64_t reserve);

  result<void> folder(const std::string& path) override;
  result<void> link(const std::string& path,
                    const std::string& target) override;
  result<void> begin_file(const std::string& path, bool executable) override;
  result<void> data(std::string_view bytes) override;
  result<void> end_file() override;
  /// After the last entry: takes the write permission away and makes
  /// everything durable.
  result<void> finish();

private:
  folder_writer(std::filesystem::path root, file_handle opened,
                uint64_t reserve)
    : root_(std::move(root)), opened_(std::move(opened)), reserve_(reserve) {}
  result<void> check_space();

  std::filesystem::path root_;
  file_handle opened_;
  uint64_t reserve_;
  std::vector<std::string> folders_;
  file_handle file_;
  std::string path_;
  bool executable_ = false;
  uint64_t since_check_ = 0; ///< bytes written since the space was checked
};

} // namespace faas::registry
