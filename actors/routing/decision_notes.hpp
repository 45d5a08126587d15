// What one gateway loop notes of its decisions until their events have ended.
#pragma once

#include "actors/routing/board.hpp"
#include "libfaas/decisions/sampler.hpp"
#include "libfaas/ports/decision_book.hpp"

namespace faas::actors {

struct decision_log_config {
  decision_sink* sink = nullptr; ///< null: nothing is logged
  double share = 1;              ///< of the events
  double per_second = 0;         ///< of one loop; 0: no bound
};

/// How an attempt went.
struct attempt_end {
  decisions::ending how = decisions::ending::ok;
  duration total{};
  bool went_on = false; ///< to another site
};

/// What is noted of a choice.
struct choice_made {
  const invocation& event;
  const routing::decision& made;
  double logged; ///< draw()'s answer
  double deadline_ms; ///< that the policy saw left
  wall_time at;
};

/// Whom it was made among: positions in a route's targets.
struct choice_among {
  const std::vector<route_target>& targets;
  const std::vector<uint32_t>& shown;
};

/// Notes of the events under way, reused when these have ended, and the batch
/// of those that have. Allocates only while the number of notes grows, once per
/// batch, and where the sites that are looked at change (names_of). Loop thread
/// only.
class decision_notes {
public:
  explicit decision_notes(decision_log_config config);
  ~decision_notes() { flush(); }

  bool on() const noexcept { return config_.sink != nullptr; }
  /// Probability of being logged; 0: the event is not.
  double draw(const call_id& id, time_point now) noexcept {
    return on() ? sampler_.draw(id, now) : 0;
  }
  /// The number of the note; 0 when there are too many (counted).
  uint32_t begin(const decisions::context_ptr& of, const choice_made& choice,
                 const choice_among& sites);
  void end(uint32_t note, const reply& answer, const attempt_end& how);
  /// Hands over what has ended.
  void flush();

private:
  static constexpr size_t most_notes = 4096;
  static constexpr size_t batch_items = 256;
  /// Larger ones would be new pages of the system each time.
  static constexpr size_t batch_sites = 1024;

  struct note {
    decisions::entry what;
    decisions::context_ptr of;
    std::vector<decisions::logged_site> sites;
  };

  decision_log_config config_;
  decisions::sampler sampler_;
  std::vector<std::unique_ptr<note>> notes_;
  std::vector<uint32_t> free_;
  decisions::batch batch_;
};

/// The names of a route's decisions among those of its targets.
decisions::context_ptr names_of(const route& of,
                                const std::vector<uint32_t>& shown);

} // namespace faas::actors
