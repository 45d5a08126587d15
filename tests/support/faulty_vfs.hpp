// SQLite's file layer that stops or refuses at a chosen operation, and knows
// what may be left after a power cut there.
#pragma once

#include "libfaas/core/random.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

struct sqlite3_vfs;

namespace faas::testing {

/// While it lives, every database of this process below `root` is opened through
/// it: it is SQLite's default VFS. Passes each operation on to the real one, so
/// that reading, locks and shared memory work, and keeps a model beside it: which
/// bytes and which names have been synced. One thread, one at a time.
class faulty_vfs {
public:
  /// What becomes of what was not synced.
  enum class loss : uint8_t {
    none,   ///< only the process died
    all,    ///< gone
    chance, ///< each write kept, dropped or torn in the middle, by seed
  };

  explicit faulty_vfs(const std::filesystem::path& root);
  faulty_vfs(const faulty_vfs&) = delete;
  faulty_vfs& operator=(const faulty_vfs&) = delete;
  ~faulty_vfs();

  /// The n-th operation from now (from 1; 0: none) is the last that begins: a
  /// write gets half of its bytes in, anything else nothing, and no later one
  /// does anything, as if the process had died. `then` is called there: a test
  /// with a process of its own kills it.
  void stop_at(uint64_t n, std::function<void()> then = {});
  /// Only the n-th operation fails, for want of space (half written).
  void full_at(uint64_t n);
  /// From now on nothing reaches the disk.
  void die();
  /// Operations since then: writes, truncations, syncs, new and removed files.
  uint64_t operations() const noexcept;
  /// The operations by name, for messages.
  const std::vector<std::string>& log() const noexcept;

  /// Makes in the folder `target` what a machine finds of the databases in
  /// `source` after a power cut now.
  void crash_into(const std::filesystem::path& source,
                  const std::filesystem::path& target, loss how,
                  uint64_t seed) const;

  struct model; ///< for the C functions behind it
private:
  std::unique_ptr<model> model_;
  std::unique_ptr<sqlite3_vfs> vfs_;
  sqlite3_vfs* before_ = nullptr;
};

} // namespace faas::testing
