// The secrets of one function version, as its instances see them.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace faas {

/// Where their files are, and which of them changed while the version ran.
/// Thread safe; changes() costs one load, so it may be asked per event.
class secret_folder {
public:
  secret_folder(std::filesystem::path folder, std::set<std::string> names)
    : folder_(std::move(folder)), names_(std::move(names)) {}

  /// Empty when the version has no secret of that name.
  std::string path_of(std::string_view name) const {
    const std::string text{name};
    return names_.contains(text) ? (folder_ / text).string() : std::string{};
  }

  const std::filesystem::path& folder() const noexcept { return folder_; }
  const std::set<std::string>& names() const noexcept { return names_; }

  /// Counts the changes since the version began.
  uint64_t changes() const noexcept {
    return changes_.load(std::memory_order_acquire);
  }
  /// Names that changed after the first `seen` changes.
  std::vector<std::string> changed_since(uint64_t seen) const {
    const std::lock_guard lock{mutex_};
    std::vector<std::string> names;
    for (const auto& [name, at] : last_)
      if (at > seen)
        names.push_back(name);
    return names;
  }
  /// The file of that name has another value now.
  void changed(const std::string& name) {
    const std::lock_guard lock{mutex_};
    last_[name] = changes_.load(std::memory_order_relaxed) + 1;
    changes_.store(last_[name], std::memory_order_release);
  }

private:
  const std::filesystem::path folder_;
  const std::set<std::string> names_;
  std::atomic<uint64_t> changes_{0};
  mutable std::mutex mutex_; ///< guards last_
  std::map<std::string, uint64_t> last_; ///< change that came last, by name
};

} // namespace faas
