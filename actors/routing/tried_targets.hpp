// Targets that an event has been sent to.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace faas::actors {

/// Positions in a route's targets; few, since attempts are. Of more than
/// `most` the first ones are remembered.
class tried_targets {
public:
  static constexpr size_t most = 6;

  void add(uint32_t position) noexcept {
    if (count_ < most)
      all_[count_++] = position;
  }
  bool has(uint32_t position) const noexcept {
    const auto* end = all_.data() + count_;
    return std::find(all_.data(), end, position) != end;
  }
  bool empty() const noexcept { return count_ == 0; }
  std::span<const uint32_t> all() const noexcept {
    return {all_.data(), count_};
  }

private:
  std::array<uint32_t, most> all_{};
  uint32_t count_ = 0;
};

} // namespace faas::actors
