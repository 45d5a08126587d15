// Puts the pieces of one body together again. Private to this folder.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace faas::wire {

/// Bytes that may be held by unfinished bodies together.
class byte_budget {
public:
  explicit byte_budget(size_t limit) noexcept : limit_(limit) {}
  bool take(uint64_t bytes) noexcept {
    if (bytes > limit_ - used_)
      return false;
    used_ += static_cast<size_t>(bytes);
    return true;
  }
  void give_back(uint64_t bytes) noexcept {
    used_ -= static_cast<size_t>(bytes);
  }
  size_t used() const noexcept { return used_; }

private:
  size_t limit_;
  size_t used_ = 0;
};

/// One body of a known length. Pieces come in order: the transport keeps it.
class joiner {
public:
  enum class step : uint8_t { more, whole, broken };

  joiner() = default;
  explicit joiner(uint64_t total) noexcept : total_(total) {}

  /// Broken: not the next piece, more than the total, or last too early.
  step add(uint64_t offset, std::string&& piece, bool last) {
    if (offset != bytes_.size() || piece.size() > total_ - bytes_.size())
      return step::broken;
    if (bytes_.empty())
      bytes_ = std::move(piece);
    else
      bytes_ += piece;
    if (last != (bytes_.size() == total_))
      return step::broken;
    return last ? step::whole : step::more;
  }
  uint64_t total() const noexcept { return total_; }
  std::string take() noexcept { return std::move(bytes_); }

private:
  uint64_t total_ = 0;
  std::string bytes_;
};

} // namespace faas::wire
