// Reads numbers from bytes that may end anywhere.
#pragma once

#include "libfaas/decisions/tiny_float.hpp"

#include <cstring>
#include <string_view>

namespace faas::decisions {

/// Once something is missing every value is 0 and ok() is false.
class byte_reader {
public:
  explicit byte_reader(std::string_view bytes) noexcept : left_(bytes) {}

  bool ok() const noexcept { return ok_; }
  bool at_end() const noexcept { return left_.empty(); }
  std::string_view left() const noexcept { return left_; }

  std::string_view take(size_t count) noexcept {
    if (!ok_ || count > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    const auto taken = left_.substr(0, count);
    left_.remove_prefix(count);
    return taken;
  }
  template <class T>
  T raw() noexcept {
    T value{};
    if (const auto bytes = take(sizeof value); !bytes.empty())
      std::memcpy(&value, bytes.data(), sizeof value);
    return value;
  }
  uint8_t byte() noexcept { return raw<uint8_t>(); }
  float tiny() noexcept { return from_tiny(raw<uint16_t>()); }
  uint64_t varint() noexcept {
    uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      const auto part = byte();
      value |= uint64_t{part & 127u} << shift;
      if (part < 128)
        return value;
    }
    ok_ = false;
    return 0;
  }
  /// Text with its length in front.
  std::string_view text() noexcept {
    const auto size = varint();
    return take(size > left_.size() ? left_.size() + 1 : size);
  }

private:
  std::string_view left_;
  bool ok_ = true;
};

} // namespace faas::decisions
