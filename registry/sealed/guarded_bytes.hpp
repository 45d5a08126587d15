// Memory for a key.
#pragma once

#include "libfaas/core/result.hpp"

#include <cstdint>
#include <span>
#include <utility>

namespace faas::registry {

/// Pages of its own: left out of core dumps, not swapped as far as the
/// system's limit on locked memory allows, wiped at the end. Move only.
class guarded_bytes {
public:
  /// errc::internal when the system gives no memory.
  static result<guarded_bytes> make(size_t size);
  guarded_bytes(guarded_bytes&& other) noexcept
    : at_(std::exchange(other.at_, nullptr)), size_(other.size_),
      mapped_(other.mapped_) {}
  guarded_bytes& operator=(guarded_bytes&& other) noexcept {
    std::swap(at_, other.at_);
    std::swap(size_, other.size_);
    std::swap(mapped_, other.mapped_);
    return *this;
  }
  ~guarded_bytes();

  std::span<uint8_t> span() noexcept { return {at_, size_}; }
  std::span<const uint8_t> span() const noexcept { return {at_, size_}; }

private:
  guarded_bytes() = default;
  uint8_t* at_ = nullptr;
  size_t size_ = 0, mapped_ = 0;
};

} // namespace faas::registry
