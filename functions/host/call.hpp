// One event on its way through an executor.
#pragma once

#include "functions/host/batch_former.hpp"
#include "functions/host/work.hpp"
#include "libfaas/event/completion.hpp"
#include "libfaas/ports/runtime.hpp"

#include <mutex>
#include <optional>
#include <vector>

namespace faas::host {

class version_host;

/// Holds the event, the promise to answer it, and while it runs the instance.
/// Either the executor or the watchdog answers, whoever comes first. With a
/// version that runs batches, the call whose turn it is takes others along.
class call final : public work {
public:
  call(version_host& host, invocation&& event, completion&& done,
       time_point now);

  void begin(uint32_t slot) noexcept override;
  void run(uint32_t slot) noexcept override;
  void finished(uint32_t slot) noexcept override;
  void give_up(give_up_reason why, bool started) noexcept override;
  time_point overdue() const noexcept override;
  bool takes(work& waiting) noexcept override;

  /// Any thread; the first answer counts. False when it came too late.
  bool answer(reply&& what) noexcept;
  /// See invocation_context.
  part_fate send(const reply& head, std::string_view part) noexcept;
  /// Nobody waits any more.
  bool cancelled() const noexcept;
  /// Given up because the node stops.
  bool abandoned() const noexcept { return abandoned_.load(); }
  /// Takes the promise back from a call that was not admitted.
  completion take_completion() noexcept { return std::move(done_); }

private:
  reply execute(time_point begin, execution_times times) noexcept;
  /// While a call of the version runs: its module is there.
  const batch_entry& share();
  /// Takes along what waits and may go with it, as long as the window says;
  /// how long that took.
  duration gather();
  /// Runs all, and answers those that were taken along.
  reply execute_batch(duration cold) noexcept;
  /// The part of a batch's times that is this event's.
  void share_times(reply& made, time_point begin, execution_times whole,
                   uint32_t all_items) const noexcept;
  /// How the instance came to be there, given what it cost.
  start_kind found(duration cold) const noexcept;
  /// Drops an instance whose process ended.
  void check_instance() noexcept;

  version_host& host_;
  std::unique_ptr<function_instance> instance_; ///< while it has a slot
  invocation event_;
  const time_point queued_;
  const uint32_t found_; ///< events of the version that were there before it
  std::optional<batch_entry> share_;  ///< once it was asked for
  std::optional<batch_former> batch_; ///< while it gathers
  std::vector<boost::intrusive_ptr<call>> along_;
  std::atomic<int64_t> start_ns_{0}; ///< of run(), after queued_
  std::atomic<bool> abandoned_{false};
  duration service_{};
  bool pooled_ = false; ///< the instance was made ahead; it has run nothing
  mutable std::mutex mutex_; ///< guards done_
  completion done_;
};

} // namespace faas::host
