// A disk that stops or refuses at a chosen operation, and knows what may be
// left after a power cut there.
#pragma once

#include "registry/files/file_layer.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace faas::testing {

/// Passes every operation on to the real disk, so that reading works, and keeps
/// a model beside it: which names and which bytes have been synced. One thread.
/// A name is lasting once its folder was synced, content once the file was.
class faulty_disk final : public registry::file_layer {
public:
  /// What becomes of what was not synced.
  enum class loss : uint8_t {
    none,  ///< only the process died
    all,   ///< gone
    torn,  ///< half of the new bytes is there
    zeros, ///< the file has its new size, the new bytes are zeros
  };

  /// `root` exists, is empty, and lasting itself.
  explicit faulty_disk(std::filesystem::path root);
  ~faulty_disk() override;

  /// The n-th operation from now (from 1; 0: none) is the last that begins: a
  /// write gets half of its bytes in, anything else nothing, and no later one
  /// does anything, as if the process had died.
  void stop_at(uint64_t n);
  /// Only the n-th operation fails, for want of space (half written).
  void full_at(uint64_t n);
  /// Operations since then.
  uint64_t operations() const noexcept { return count_; }
  /// The operations by name, for messages.
  const std::vector<std::string>& log() const noexcept { return log_; }

  /// Makes in `target` what a machine finds after a power cut now.
  void crash_into(const std::filesystem::path& target, loss names,
                  loss bytes) const;

  result<registry::file_handle>
  open(const std::filesystem::path& path, int flags, unsigned mode) override;
  result<void> write(int fd, std::string_view bytes,
                               const std::filesystem::path& at) override;
  result<void> truncate(int fd, uint64_t size,
                                  const std::filesystem::path& at) override;
  result<void> sync(int fd, const std::filesystem::path& at) override;
  result<void>
  sync_folder(const std::filesystem::path& folder) override;
  result<void> rename(const std::filesystem::path& from,
                                const std::filesystem::path& to) override;
  result<bool>
  remove_file(const std::filesystem::path& path) override;
  result<void>
  make_private_folder(const std::filesystem::path& folder) override;
  bool remove_tree(const std::filesystem::path& path) override;

private:
  struct node;
  using node_ptr = std::shared_ptr<node>;
  enum class verdict { go, half, dead };

  verdict next(const std::string& what, const std::filesystem::path& at);
  node_ptr find(const std::filesystem::path& path) const;
  node_ptr parent(const std::filesystem::path& path) const;
  node_ptr opened(int fd) const;
  /// What is there on the disk, taken as lasting.
  static node_ptr adopt(const std::filesystem::path& path);
  static void put(const node& what, const std::filesystem::path& target,
                  loss names, loss bytes);
  result<void> failure() const;

  std::filesystem::path root_;
  registry::disk real_;
  node_ptr top_;
  std::map<uint64_t, node_ptr> by_inode_;
  uint64_t count_ = 0, stop_ = 0, full_ = 0;
  bool dead_ = false;
  std::vector<std::string> log_;
};

} // namespace faas::testing
