// A folder of one test.
#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <stdlib.h>
#include <string>

namespace faas::testing {

/// A folder in memory where there is one: for tests of logic, not of disks.
inline std::filesystem::path memory_folder() {
  std::error_code ignored;
  return std::filesystem::is_directory("/dev/shm", ignored)
           ? std::filesystem::path{"/dev/shm"}
           : std::filesystem::temp_directory_path();
}

/// A new empty folder, by default below the system's temporary folder; removed
/// with the object, read-only content included.
class scratch_folder {
public:
  explicit scratch_folder(const std::filesystem::path& parent
                          = std::filesystem::temp_directory_path()) {
    auto pattern = (parent / "petrel-test-XXXXXX").string();
    if (!::mkdtemp(pattern.data()))
      throw std::runtime_error("cannot make a folder for the test");
    path_ = pattern;
  }
  scratch_folder(const scratch_folder&) = delete;
  scratch_folder& operator=(const scratch_folder&) = delete;
  ~scratch_folder() {
    namespace fs = std::filesystem;
    std::error_code ignored;
    for (fs::recursive_directory_iterator i{path_, ignored}, end;
         !ignored && i != end; i.increment(ignored))
      if (i->is_directory(ignored) && !i->is_symlink(ignored))
        fs::permissions(i->path(), fs::perms::owner_all, ignored);
    fs::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::string& name) const {
    return path_ / name;
  }

private:
  std::filesystem::path path_;
};

/// Writes a file, with its folders.
inline void write_file(const std::filesystem::path& file,
                       std::string_view bytes) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream out{file, std::ios::binary};
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush())
    throw std::runtime_error("cannot write " + file.string());
}

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  if (!in)
    throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace faas::testing
