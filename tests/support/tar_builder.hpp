// Makes archives that no honest packer would make.
#pragma once

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <zstd.h>

namespace faas::testing {

/// One entry of a tar archive (POSIX ustar format), with nothing checked.
struct tar_entry {
  std::string name{};
  std::string content{};
  char type = '0'; ///< 0 file, 1 hard link, 2 link, 3 device, 5 folder, 6 pipe
  std::string target{};
  unsigned mode = 0644;
  /// Size in the header, when it is to differ from the content's.
  long long announced = -1;
};

/// Makes the checksum of the header block at `at` right.
inline void fix_tar_checksum(std::string& tar, size_t at = 0) {
  tar.replace(at + 148, 8, "        ");
  unsigned sum = 0;
  for (size_t i = 0; i < 512; ++i)
    sum += static_cast<unsigned char>(tar[at + i]);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  tar.replace(at + 148, 7, text, 7);
}

class tar_builder {
public:
  tar_builder& add(const tar_entry& entry) {
    std::array<char, 512> block{};
    const auto field = [&](size_t at, size_t size, std::string_view text) {
      std::memcpy(block.data() + at, text.data(), std::min(size, text.size()));
    };
    const auto octal = [&](size_t at, int digits, unsigned long long value) {
      char text[32];
      std::snprintf(text, sizeof text, "%0*llo", digits, value);
      field(at, static_cast<size_t>(digits), text);
    };
    const auto size = entry.announced >= 0
                        ? static_cast<unsigned long long>(entry.announced)
                        : entry.content.size();
    field(0, 100, entry.name);
    octal(100, 7, entry.mode);
    octal(108, 7, 0);
    octal(116, 7, 0);
    octal(124, 11, size);
    octal(136, 11, 0);
    block[156] = entry.type;
    field(157, 100, entry.target);
    field(257, 6, std::string_view{"ustar\0", 6});
    field(263, 2, "00");
    headers_.push_back(bytes_.size());
    bytes_.append(block.data(), block.size());
    fix_tar_checksum(bytes_, headers_.back());
    bytes_ += entry.content;
    bytes_.resize((bytes_.size() + 511) / 512 * 512, '\0');
    return *this;
  }
  tar_builder& file(const std::string& name, const std::string& content) {
    return add({name, content});
  }
  tar_builder& folder(const std::string& name) {
    return add({name, "", '5', "", 0755});
  }
  tar_builder& link(const std::string& name, const std::string& target) {
    return add({name, "", '2', target, 0777});
  }

  /// The plain archive with its end mark.
  std::string tar() const { return bytes_ + std::string(1024, '\0'); }

  /// Where the headers lie.
  const std::vector<size_t>& headers() const noexcept { return headers_; }

private:
  std::string bytes_;
  std::vector<size_t> headers_;
};

inline std::string zstd_packed(std::string_view bytes, int level = 3) {
  std::string packed(ZSTD_compressBound(bytes.size()), '\0');
  const auto size = ZSTD_compress(packed.data(), packed.size(), bytes.data(),
                                  bytes.size(), level);
  if (ZSTD_isError(size))
    throw std::runtime_error(ZSTD_getErrorName(size));
  packed.resize(size);
  return packed;
}

} // namespace faas::testing
