// Which batch sizes are worth a recorded graph. Plain values, no libtorch.
#pragma once

#include <cstdint>
#include <map>

namespace faas::torch_runtime {

/// A size is recorded when it comes for the third time, at most eight sizes.
/// Remembers a bounded number of sizes: a function called with ever other sizes
/// never records, which is right, for its shapes are not fixed.
class graph_rule {
public:
  static constexpr uint32_t often = 3;
  static constexpr uint32_t most_graphs = 8;
  static constexpr uint32_t most_remembered = 64;

  /// Counts one call with that size that had no graph; true: record it.
  bool record_now(int64_t n) {
    if (recorded_ >= most_graphs)
      return false;
    if (seen_.size() >= most_remembered && !seen_.contains(n))
      seen_.clear();
    if (++seen_[n] < often)
      return false;
    seen_.erase(n);
    ++recorded_;
    return true;
  }

private:
  std::map<int64_t, uint32_t> seen_;
  uint32_t recorded_ = 0;
};

} // namespace faas::torch_runtime
