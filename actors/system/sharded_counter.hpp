// A counter that many threads add to.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace faas::actors {

/// Each thread adds to one of a few cells that lie a cache line apart, so that
/// two gateway loops do not take a line from each other for every message.
/// value() adds them up; it may be a few adds behind.
class sharded_counter {
public:
  static constexpr size_t shards = 8;

  void add(uint64_t n = 1) noexcept {
    cells_[mine()].value.fetch_add(n, std::memory_order_relaxed);
  }
  uint64_t value() const noexcept {
    uint64_t sum = 0;
    for (const auto& cell : cells_)
      sum += cell.value.load(std::memory_order_relaxed);
    return sum;
  }

private:
  struct alignas(64) cell {
    std::atomic<uint64_t> value{0};
  };

  /// Threads take the cells in turn.
  static size_t mine() noexcept {
    static std::atomic<size_t> next{0};
    static thread_local const size_t shard
      = next.fetch_add(1, std::memory_order_relaxed) % shards;
    return shard;
  }

  std::array<cell, shards> cells_;
};

} // namespace faas::actors
