// A site that runs what waits as one batch.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace faas::sim {

/// Events that run together.
struct batch {
  double begin = 0, end = 0; ///< ms
  std::vector<uint32_t> members;
  bool empty() const noexcept { return members.empty(); }
};

/// One server with dynamic batching as Petrel's model runtime has it by default: a
/// free server takes what waits, at most `most`, and never waits for more. The
/// caller calls ended() when a batch that it was told of has ended.
class batch_station {
public:
  /// Time of a batch that begins then, with so many members, in ms.
  using cost = std::function<double(double begin, size_t members)>;

  batch_station(size_t most, cost time) : most_(most), time_(std::move(time)) {}

  /// An event arrives; the batch that it begins, or an empty one.
  batch arrive(double now, uint32_t event);
  /// The batch under way has ended; the next one, or an empty one.
  batch ended(double now);

  size_t waiting() const noexcept { return waiting_.size(); }

private:
  batch begin(double now);

  const size_t most_;
  const cost time_;
  std::deque<uint32_t> waiting_;
  bool busy_ = false;
};

} // namespace faas::sim
