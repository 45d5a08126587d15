// What happens next in virtual time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace faas::sim {

/// A priority queue of things to happen, by time; at the same time the one that
/// was entered first comes first. A 4-ary heap: its levels are half as many as a
/// binary one's, and four children share a cache line or two.
template <class Thing>
class agenda {
public:
  struct entry {
    double when = 0; ///< ms since the start
    uint64_t order = 0;
    Thing what{};
  };

  void add(double when, Thing what) {
    entry made{when, order_++, std::move(what)};
    auto at = entries_.size();
    entries_.emplace_back();
    while (at > 0) {
      const auto parent = (at - 1) / 4;
      if (!before(made, entries_[parent]))
        break;
      entries_[at] = std::move(entries_[parent]);
      at = parent;
    }
    entries_[at] = std::move(made);
  }

  bool empty() const noexcept { return entries_.empty(); }
  size_t size() const noexcept { return entries_.size(); }
  const entry& next() const noexcept { return entries_.front(); }

  entry take() {
    auto first = std::move(entries_.front());
    auto last = std::move(entries_.back());
    entries_.pop_back();
    if (entries_.empty())
      return first;
    for (size_t at = 0;;) { // a hole that the last one will fill
      const auto begin = at * 4 + 1;
      const auto end = std::min(begin + 4, entries_.size());
      auto least = begin;
      for (auto child = begin + 1; child < end; ++child)
        if (before(entries_[child], entries_[least]))
          least = child;
      if (begin >= end || !before(entries_[least], last)) {
        entries_[at] = std::move(last);
        return first;
      }
      entries_[at] = std::move(entries_[least]);
      at = least;
    }
  }

private:
  static bool before(const entry& a, const entry& b) noexcept {
    return a.when < b.when || (a.when == b.when && a.order < b.order);
  }

  std::vector<entry> entries_;
  uint64_t order_ = 0;
};

} // namespace faas::sim
