// What is known of the replies that will come back over a link.
#pragma once

#include <algorithm>
#include <vector>

namespace faas::sim {

/// Replies by when they are expected to be ready at the site; the link sends them
/// in that order. Times in ms. Thread rule: one owner.
class reply_line {
public:
  struct entry {
    double ready = 0, carry = 0;
  };

  void expect(const entry& one) {
    open_.insert(std::upper_bound(open_.begin(), open_.end(), one, earlier),
                 one);
  }
  /// It is on the link now, or will never be.
  void leave(double ready) {
    const auto at = std::lower_bound(open_.begin(), open_.end(),
                                     entry{ready, 0}, earlier);
    if (at != open_.end() && at->ready == ready)
      open_.erase(at);
  }
  void clear() noexcept { open_.clear(); }
  /// How long one that is ready then waits, on a link that what is on it now
  /// keeps busy until `free`.
  double wait_ms(double ready, double free) const noexcept {
    for (const auto& one : open_) {
      if (one.ready > ready)
        break;
      free = std::max(free, one.ready) + one.carry;
    }
    return std::max(0.0, free - ready);
  }

private:
  static bool earlier(const entry& a, const entry& b) noexcept {
    return a.ready < b.ready;
  }
  std::vector<entry> open_;
};

} // namespace faas::sim
