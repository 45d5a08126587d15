// Compares the entries of a bundle with a folder.
#pragma once

#include "registry/bundles/bundle_reader.hpp"
#include "registry/files/files.hpp"

#include <filesystem>

namespace faas::registry {

/// The folder must hold exactly what the bundle holds: every byte is read.
/// errc::internal names what differs.
class folder_checker final : public bundle_visitor {
public:
  static result<std::unique_ptr<folder_checker>>
  open(const std::filesystem::path& folder);

  result<void> folder(const std::string& path) override;
  result<void> link(const std::string& path,
                    const std::string& target) override;
  result<void> begin_file(const std::string& path, bool executable) override;
  result<void> data(std::string_view bytes) override;
  result<void> end_file() override;
  /// After the last entry: nothing else is there.
  result<void> finish() const;

private:
  folder_checker(std::filesystem::path root, file_handle opened)
    : root_(std::move(root)), opened_(std::move(opened)) {}
  error differs(const std::string& path) const;

  std::filesystem::path root_;
  file_handle opened_, file_;
  std::string path_, buffer_;
  size_t entries_ = 0;
};

} // namespace faas::registry
