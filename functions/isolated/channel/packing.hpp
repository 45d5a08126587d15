// Numbers and texts one after the other, for two processes of one machine.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace faas::isolated {

/// Appends to a buffer that is kept from message to message.
class packer {
public:
  void clear() noexcept { bytes_.clear(); }
  void number(uint64_t value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  void text(std::string_view value) {
    number(value.size());
    bytes_.append(value);
  }
  std::string_view view() const noexcept { return bytes_; }

private:
  std::string bytes_;
};

/// Takes apart what a packer made. The bytes may be anything: what they do not
/// hold reads as zero or empty, and good() is false from then on.
class unpacker {
public:
  explicit unpacker(std::string_view bytes) noexcept : left_(bytes) {}

  uint64_t number() noexcept {
    uint64_t value = 0;
    if (left_.size() < sizeof(value)) {
      fail();
      return 0;
    }
    std::memcpy(&value, left_.data(), sizeof(value));
    left_.remove_prefix(sizeof(value));
    return value;
  }
  /// A number up to `most`.
  uint64_t number(uint64_t most) noexcept {
    const auto value = number();
    if (value <= most)
      return value;
    fail();
    return 0;
  }
  std::string_view text() noexcept {
    const auto size = number();
    if (size > left_.size()) {
      fail();
      return {};
    }
    const auto value = left_.substr(0, size);
    left_.remove_prefix(size);
    return value;
  }
  bool good() const noexcept { return good_; }
  /// All was read, and all was there.
  bool done() const noexcept { return good_ && left_.empty(); }

private:
  void fail() noexcept {
    good_ = false;
    left_ = {};
  }
  std::string_view left_;
  bool good_ = true;
};

} // namespace faas::isolated
