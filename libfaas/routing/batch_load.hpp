// One router's own work at a site that joins events into batches.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/routing/open_batches.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faas::routing {

/// An event as such a site's plan sees it: a batch of b items takes fixed +
/// item * b ms.
struct batched_event {
  uint32_t function = 0;
  double items = 1;
  batch_terms terms; ///< without batches: it goes alone
  double fixed_ms = 0, item_ms = 0;
  double takes(double all) const noexcept { return fixed_ms + item_ms * all; }
  /// What it takes of a full batch; all where it goes alone.
  double share() const noexcept {
    return terms.joins(items) ? takes(terms.most) * items / terms.most
                              : takes(items);
  }
};

/// What an event's return tells.
struct batch_return {
  double back_ms = 0;    ///< its way back
  double inside_ms = -1; ///< how long it was there; below 0: nothing is told
  double batch_ms = 0;   ///< its batch took, if it was in one with others ...
  double batch_items = 0; ///< ... that had as many
};

/// As site_load, for `servers` servers that take the first that waits and those
/// of its function behind it that fit and come within the window. Who is served
/// when, by what was expected of each event and by who has returned: with one
/// event of a batch all of it has ended. Not thread safe: see shared_load.
class batch_load {
public:
  explicit batch_load(double servers = 1);

  /// From the next event or return on.
  void set_servers(double servers) noexcept;

  /// An event was sent that arrives after `transit_ms`. Its ticket, never 0.
  uint64_t start(const batched_event& what, double transit_ms, time_point now);
  /// That one returned, or was given up. How many of the others were at the site
  /// when it left, without those of its batch.
  uint32_t finish(uint64_t ticket, const batch_return& how, time_point now);
  /// Ticket of the first event that goes alone and was expected to take that.
  std::optional<uint64_t> find_alone(double service_ms) const noexcept;

  uint32_t in_flight() const noexcept {
    return static_cast<uint32_t>(open_.size()) + beyond_;
  }
  const batch_outlook& outlook() const noexcept { return outlook_; }

private:
  struct event {
    uint64_t ticket;
    batched_event what;
    double expected; ///< arrival as predicted, ms
    double arrives;  ///< as far as is known now
    uint64_t batch = 0; ///< by plan
    bool begun = false, done = false;
  };
  struct batch {
    uint64_t number;
    batched_event first; ///< says how long it takes
    double items, taken, begins, ends;
  };
  static double ms(time_point t) noexcept {
    return to_ms(t.time_since_epoch());
  }
  const batch* find(uint64_t number) const noexcept;
  bool gathered_by(uint64_t batch) const noexcept;
  bool ends_with(const event& gone, double left, const batch_return& how);
  void count_as_gone(event& one, double& items, double all) noexcept;
  bool same_as_last(double begun, double took) noexcept;
  bool stays(event& one, std::vector<batch>& kept) const noexcept;
  void keep_taken(size_t most_of_them);
  void learn(const event& gone, std::vector<event>::iterator behind,
             const batch_return& how, double left);
  void plan();
  void form(size_t from, double free);
  double next_free();
  void run_until(double end);
  void show(double now_ms) noexcept;

  /// Looked at one by one; further ones only by their sum.
  static constexpr size_t most = 128;

  size_t servers_ = 1;
  std::vector<event> open_;    ///< in the order of sending
  std::vector<batch> batches_; ///< planned, in the order of being taken
  std::vector<batch> running_;
  struct gathered {
    uint64_t ticket; ///< of its first event
    double taken;
    uint64_t batch;
  };
  std::vector<gathered> gathering_; ///< servers have taken these, and wait
  std::vector<double> busy_; ///< a heap: when busy servers will be free
  double since_ = 0;         ///< idle servers are, in ms
  double last_took_ = 0, last_begun_ = 0; ///< the batch that returned last
  uint64_t tickets_ = 0, numbers_ = 0;
  uint32_t beyond_ = 0;
  double beyond_ms_ = 0;
  batch_outlook outlook_;
};

} // namespace faas::routing
