// Where events wait for a version that is being brought to this node.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/ports/function_host.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

namespace faas::actors {

/// Room for all events of a node that wait so. Any thread.
class waiting_room {
public:
  explicit waiting_room(uint64_t events = 1024,
                        uint64_t bytes = uint64_t{64} << 20) noexcept
    : events_(events), bytes_(bytes) {}

  /// False, and nothing is taken, when it is full.
  bool enter(uint64_t bytes) noexcept;
  void leave(uint64_t bytes) noexcept;
  uint64_t events() const noexcept { return inside_.load(); }

private:
  const uint64_t events_, bytes_;
  std::atomic<uint64_t> inside_{0}, inside_bytes_{0};
};

/// Takes the events of a version until its host serves, then hands them over in
/// the order in which they came, and all later ones. When nothing comes of it,
/// they are refused as not started, so that whoever sent them may send them to
/// another site. Thread safe; no call blocks.
class pending_host final : public function_host {
public:
  /// `room` is shared by all of the node; `clock` must live as long.
  pending_host(version_ref version, const clock_source& clock,
               std::shared_ptr<waiting_room> room);
  /// Gives back what waits still.
  ~pending_host() override;

  /// Waits, or is refused at once: errc::overloaded when the room is full,
  /// errc::deadline_exceeded, errc::unavailable after give_back().
  void submit(invocation&& event, completion&& done) override;
  /// The version serves: what waits goes there first. Once.
  void hand_over(std::shared_ptr<function_host> to);
  /// Refuses what waits, and what comes until admit(): errc::unavailable with
  /// that reason, not started.
  void give_back(const std::string& why);
  void admit();
  /// Answers those whose deadline has passed, and drops those that nobody waits
  /// for any more; to be called from time to time.
  void look();

  host_stats stats() const override;
  std::vector<profile_point> profile() const override { return {}; }
  string_map facts() const override { return {}; }
  void close(std::function<void()> closed) override;

private:
  struct one {
    invocation event;
    completion done;
    time_point came;
  };
  error refusal() const; ///< under the mutex
  void pass_on(function_host& to, one&& event) const;

  const version_ref version_;
  const clock_source& clock_;
  const std::shared_ptr<waiting_room> room_;
  mutable std::mutex mutex_; ///< guards what follows; not held over calls
  std::deque<one> waiting_;
  std::shared_ptr<function_host> host_; ///< once all that waited is there
  std::optional<std::string> refused_;  ///< why nothing is taken
  uint64_t accepted_ = 0, refusals_ = 0, timed_out_ = 0;
};

} // namespace faas::actors
