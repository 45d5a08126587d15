// A node's log of decisions: in memory, and in files within a bound.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/ports/decision_book.hpp"
#include "libfaas/ports/metrics.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace faas::registry {

struct decision_log_options {
  std::filesystem::path folder;
  uint64_t max_bytes = 64 << 20; ///< of all files; 0: memory only
  double share = 1;              ///< of the events; 0: off. For people
  double per_second = 0;         ///< bound; for people
  std::string node, software;
  const clock_source* clock = nullptr;
  size_t in_memory = 4096;     ///< records; the newest of the files at start
  size_t max_waiting = 16'384; ///< records that the writer may lag behind
  /// Once, when writing ends for good; on the writer's thread.
  std::function<void(std::string)> warn;
};

/// Encodes and writes on a thread of its own. Thread safe. What was taken is
/// written before the destructor returns.
class decision_log final : public decision_sink,
                           public decision_book,
                           public metrics_source {
public:
  /// Never fails: a folder that cannot be used turns the files off, with the
  /// warning.
  explicit decision_log(decision_log_options options);
  ~decision_log() override;

  void take(decisions::batch&& what) override;

  decision_log_status status() const override;
  std::vector<decisions::record> find(const call_id& id) override;
  std::vector<decisions::record> newest(const std::string& function,
                                        size_t limit) const override;
  std::vector<decision_segment> segments() const override;
  result<std::string> segment(uint64_t number) const override;

  std::vector<metric_family> collect() const override;

  /// Waits until all that was taken is written and can be found, 1 s at most.
  void settle() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace faas::registry
