// The programs of one version of protocol http.
#pragma once

#include "functions/process/program.hpp"

#include <algorithm>
#include <vector>

namespace faas::process {

/// As many copies of a program as its instances need: each takes an even share of
/// them, the next one is started when all before have theirs, and one that has
/// none left is ended, but for the first. Where a further one does not start, the
/// others take its share for a while. Thread safe.
class program_set : public std::enable_shared_from_this<program_set> {
public:
  /// Starts one and waits until it is ready; blocks.
  using starter = std::function<result<std::shared_ptr<program>>()>;

  /// At most `most` programs, each for `share` instances. `log`: may be empty.
  program_set(uint32_t most, uint32_t share, starter start,
              std::function<void(std::string)> log)
    : share_(std::max(share, 1u)), start_(std::move(start)),
      log_(std::move(log)), places_(std::max(most, 1u)) {}

  /// Starts the first, whether or not there are instances; once, before take().
  /// Errors of the starter.
  result<void> begin();
  /// The program of one more instance, which has it as long as the pointer. May
  /// start one.
  std::shared_ptr<program> take();
  /// Of the first program; with several: all pids, and how many there are.
  string_map facts() const;

private:
  struct place {
    std::shared_ptr<program> running; ///< null: not started
    uint32_t instances = 0;
    time_point not_before{}; ///< it is being started, or did not start
  };

  size_t choose(time_point now) const;
  void start(size_t index);
  void give(size_t index);

  const uint32_t share_;
  const starter start_;
  const std::function<void(std::string)> log_;
  mutable std::mutex mutex_; ///< guards what follows
  std::vector<place> places_;
};

} // namespace faas::process
