// A table of things in flight, addressed by tokens that go stale.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace faas::flow {

/// Stores T in stable slots. A token names a slot and its generation, so that
/// a late or repeated token finds nothing. Bounded by `capacity`. One thread.
template <class T>
class slot_table {
public:
  explicit slot_table(uint32_t capacity) : capacity_(capacity) {}

  bool full() const noexcept { return size_ == capacity_; }
  uint32_t size() const noexcept { return size_; }

  /// Precondition: not full().
  std::pair<uint64_t, T&> insert(T&& value) {
    uint32_t index;
    if (free_.empty()) {
      index = static_cast<uint32_t>(slots_.size());
      slots_.emplace_back();
    } else {
      index = free_.back();
      free_.pop_back();
    }
    auto& slot = slots_[index];
    slot.value.emplace(std::move(value));
    ++size_;
    return {uint64_t{slot.generation} << 32 | index, *slot.value};
  }

  /// Null for a token whose slot was erased.
  T* find(uint64_t token) noexcept {
    const auto index = static_cast<uint32_t>(token);
    if (index >= slots_.size())
      return nullptr;
    auto& slot = slots_[index];
    return slot.value && slot.generation == token >> 32 ? &*slot.value
                                                        : nullptr;
  }

  /// Ends the value and frees its slot. Precondition: find(token).
  void erase(uint64_t token) {
    const auto index = static_cast<uint32_t>(token);
    auto& slot = slots_[index];
    slot.value.reset();
    ++slot.generation;
    free_.push_back(index);
    --size_;
  }

  /// Takes the value out and frees its slot. Precondition: find(token).
  T take(uint64_t token) {
    T value = std::move(*slots_[static_cast<uint32_t>(token)].value);
    erase(token);
    return value;
  }

  /// Calls f(token, value) for each used slot; f must not insert or take.
  template <class F>
  void for_each(F&& f) {
    for (uint32_t index = 0; index < slots_.size(); ++index)
      if (auto& slot = slots_[index]; slot.value)
        f(uint64_t{slot.generation} << 32 | index, *slot.value);
  }

private:
  struct slot {
    std::optional<T> value;
    uint32_t generation = 1;
  };

  std::deque<slot> slots_; // addresses are stable
  std::vector<uint32_t> free_;
  uint32_t capacity_;
  uint32_t size_ = 0;
};

} // namespace faas::flow
