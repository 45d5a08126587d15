// A site that runs what waits as one batch.
#pragma once

#include "libfaas/sim/residency.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace faas::sim {

/// An event as such a site sees it.
struct batch_event {
  uint32_t id = 0;
  uint32_t function = 0;
  double items = 1;
  double noise = 1;   ///< of a batch that it is the first of
  double arrives = 0; ///< ms
};

/// Events that run together.
struct batch {
  double begin = 0, end = 0; ///< ms; the cold start is within
  double cold_ms = 0;
  double items = 0;
  std::vector<batch_event> members;
  bool empty() const noexcept { return members.empty(); }
};

/// c servers that serve in batches (see batch_law). Events are told beforehand,
/// and what comes of them is found by going on in time. A value: who wants to
/// know what would be goes on with a copy. Thread rule: one owner.
class batch_station {
public:
  /// `site` has a batch law. `from`: when servers are free for the first time.
  batch_station(const site_law& site, std::span<const function_law> functions,
                double from = 0);

  /// This event will arrive, not before what was gone on to.
  void add(const batch_event& event);
  /// When something will happen; infinity: nothing.
  double next() const noexcept;
  /// Goes on until then; the batches that begin are added to `begun`.
  void go_on(double until, std::vector<batch>& begun);

  /// When that event would have been served if no more came.
  double look(batch_event event) const;
  /// Work of full batches that one of that function would wait for if it came at
  /// `there`: what is known at `now` and has not begun then, less one batch,
  /// which it joins; ms of one server.
  double ahead_ms(uint32_t function, double there, double now) const;
  /// Loading that one of that function would meet if it came at `there` and
  /// nobody before it loaded the same.
  double cold_ms(uint32_t function, double there) const {
    return memory_.look(function, there, there).cold_ms
           * rules_->slowdown.at(there);
  }
  /// It is known that this event had been served by `end`, whatever was
  /// expected: its batch ends then, and what waited for it moves along.
  void correct(uint32_t id, double end);

private:
  struct rules {
    batch_law law;
    schedule slowdown;
    std::vector<double> base_ms, item_ms; ///< by function
    double share_ms(size_t function, double items) const noexcept {
      return law.share_ms(base_ms[function], item_ms[function], items);
    }
  };
  struct server {
    enum class doing : uint8_t { nothing, gathering, running };
    doing what = doing::nothing;
    double until = 0; ///< of what it does
    batch now;
    std::vector<uint32_t> before; ///< ids of the batch before, for correct()
    double before_end = 0;
  };

  void happen(double now, std::vector<batch>& begun);
  void arrive(const batch_event& event, double now, std::vector<batch>& begun);
  /// The server takes the first that waits; not when none does.
  void take(server& by, double now, std::vector<batch>& begun);
  void gather(server& by, double now, std::vector<batch>& begun);
  bool join(server& by, const batch_event& event) const;
  /// An event without items goes alone.
  bool full(const server& by) const noexcept {
    return by.now.items >= rules_->law.most || by.now.items <= 0;
  }
  void begin(server& by, double now, std::vector<batch>& begun);
  bool correct(server& by, uint32_t id, double end);

  std::shared_ptr<const rules> rules_; ///< copies share them
  residency memory_;
  std::vector<server> servers_;
  std::vector<batch_event> coming_;  ///< the next one last
  std::deque<batch_event> waiting_;  ///< the first one first
};

} // namespace faas::sim
