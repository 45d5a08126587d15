// Which parts of a bundle to ask a peer for.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace faas::actors {

/// Keeps several chunks on the way, so that a pull takes the link's rate and
/// not one round trip per chunk. Answers come in the order of the questions (a
/// link keeps it, and a bulk connection does), unless the way changes between
/// them; after a loss everything not received is asked for again. Pure; not
/// thread safe.
class pull_window {
public:
  /// How much to ask for: in one question, and before answers come.
  struct measure {
    uint32_t chunk;
    uint64_t window;
  };
  static constexpr uint32_t chunk_bytes = 32 * 1024; ///< below one frame
  static constexpr measure by_link{chunk_bytes, 8 * chunk_bytes};
  static constexpr measure by_bulk{256 * 1024, 8 * 256 * 1024};

  pull_window() = default;
  /// The first `received` of `total` bytes are here already.
  pull_window(uint64_t received, uint64_t total) noexcept
    : received_(received), asked_(received), total_(total) {}

  uint64_t received() const noexcept { return received_; }
  /// Known with the first bytes.
  std::optional<uint64_t> total() const noexcept { return total_; }
  bool complete() const noexcept { return total_ && received_ >= *total_; }

  /// Offset of the next chunk to ask for now, if any; it counts as asked. Until
  /// the size is known only the first.
  std::optional<uint64_t> ask(measure by = by_link) noexcept {
    if (!total_ && asked_ > 0)
      return std::nullopt;
    if (asked_ >= total_.value_or(1) || asked_ >= received_ + by.window)
      return std::nullopt;
    const auto at = asked_;
    asked_ += by.chunk;
    return at;
  }
  /// True: these are the next bytes. False: a repeated answer, or one behind
  /// bytes that have not come.
  bool take(uint64_t offset, size_t size, uint64_t total) noexcept {
    if (offset != received_) {
      gap_ = gap_ || offset > received_;
      return false;
    }
    total_ = total;
    received_ += size;
    asked_ = std::max(asked_, received_);
    gap_ = repeated_ = false;
    return true;
  }
  /// An answer came behind bytes that did not: they are to be asked for again,
  /// once. What is still on the way may come behind the gap, too.
  bool mend() noexcept {
    if (!gap_ || repeated_)
      return false;
    repeat();
    return repeated_ = true;
  }
  /// Nothing came for too long, or what was on the way is lost.
  void repeat() noexcept { asked_ = received_; }

private:
  uint64_t received_ = 0, asked_ = 0;
  std::optional<uint64_t> total_;
  bool gap_ = false, repeated_ = false;
};

} // namespace faas::actors
