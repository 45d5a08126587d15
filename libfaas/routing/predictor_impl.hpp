// Inside of the predictor; include only from predictor*.cpp.
#pragma once

#include "libfaas/routing/accuracy_tracker.hpp"
#include "libfaas/routing/cold_start_estimator.hpp"
#include "libfaas/routing/open_batches.hpp"
#include "libfaas/routing/plausible.hpp"
#include "libfaas/routing/predictor.hpp"
#include "libfaas/routing/quantile_tracker.hpp"
#include "libfaas/routing/queue_state.hpp"
#include "libfaas/routing/way_check.hpp"

#include <array>
#include <cmath>
#include <unordered_map>

namespace faas::routing {

/// Beyond so many standard deviations an event is late.
inline constexpr double late_sigmas = 3;

struct site_state;

/// One function on one site.
struct pair_state {
  /// Whether an event that was early says nothing: see predictor_learn.cpp.
  bool too_short_to_tell(double service_ms, double expected_ms, bool probed,
                         time_point at) noexcept;
  /// How good the one was that this event went by.
  void judge_prediction(const observation& seen);

  function_filter filter;
  cold_start_estimator cold;
  stay_tracker stay;
  int warm = 0;           ///< events that were not cold, up to some 20
  int cold_run = 0;       ///< events in a row that were
  /// The last event, which was cold: it counts if the next ones are, too.
  std::unique_ptr<observation> unheard;
  time_point left_idle{}; ///< when the last event ended
  accuracy_tracker quality;
  quantile_tracker promise{0.95, 2}; ///< of what is over the prediction
  quantile_tracker interval{0.9, 1.645}; ///< of how far it is off
  std::shared_ptr<estimate_cell> cell = std::make_shared<estimate_cell>();
  double warm_until_ms = 0; ///< 0: never seen there, taken as loaded
  double ready_at_ms = 0, ready_var = 0; ///< 0: it is there, see estimate
  time_point there_since{};              ///< a deployment ended
  /// An event that was sent then waits, or waited, for the deployment: that it
  /// is late says nothing of the function's time.
  bool had_to_wait(time_point sent) const noexcept {
    return ready_at_ms > 0 || sent < there_since;
  }
  double overdue_ms = 0;
  double doubt = 0;         ///< added to the log of the service time ...
  time_point doubt_until{}; ///< ... until here, or the next event
  time_point last_long{};   ///< last event over tick_ms
  int short_run = 0;        ///< early short events since, not believed
  double short_share = 0;   ///< of short events, running mean
  double late = 0;          ///< evidence gathered by the tick under way
  double late_ms = 0;
  int late_events = 0;
  bool dirty = false;   ///< its cell is stale
  bool watched = false; ///< the next tick has to look at it
  std::unique_ptr<queue_state> own_queue; ///< null: it shares the site's
  queue_state& queue(site_state& at) noexcept;
  const queue_state& queue(const site_state& at) const noexcept;
  bool queues = true;   ///< its events are in others' way, by the last one
  bool own_profile = false;
  bool inherited = false; ///< what is known was taught by another version
  bool adopted = false;   ///< ... by another router, or before a restart
  uint32_t lessons = 0; ///< service times learned
  bool untold() const noexcept { return lessons == 0 && !adopted; }
  site_word word; ///< whether the site's times are believed
  batch_terms terms; ///< without the window
  /// An event of that batch has told already. All of them do, and one slow batch
  /// would look like many slow events.
  bool knows_batch(double ms) noexcept;
  std::array<double, 4> batches{}; ///< times of the last ones
  size_t next_batch = 0;
  /// What an event of that size takes, of a full batch where it shares one.
  double work_ms(double size, const site_filter& site) noexcept;

  /// A load is told twice: by the event that waited for it, and by the site. True
  /// for the second word on the same one.
  bool heard_already(double load_ms, bool by_event, time_point now) noexcept;
  double load_ms = 0; ///< the last one; 0: none, or told twice
  bool load_by_event = false;
  time_point load_at{};
};

struct link_state {
  /// An event's way took that long, known up to `doubt_ms`. True if that says
  /// nothing of the link as it is: it was late, but one with no fewer bytes or so
  /// that was sent after it was back in time, and few are like it. A packet was
  /// lost.
  bool stray(way_bytes bytes, double ms, double doubt_ms,
             time_point sent) noexcept;

  std::string name;
  network_estimator filter;
  way_bounds bounds{}; ///< known without any site's word
  /// One direction's load, and what an event's bytes take: see reckon_offered.
  struct direction {
    double offered = 0, carry_ms = 0;
  };
  direction up{}, down{};
  time_point fine_sent{}; ///< the last event that was not late, ...
  way_bytes fine_bytes{}; ///< ... and its bytes
  double stray_share = 0; ///< of the events, running mean
  double published_rtt = 0;
  way_bytes published_per_byte{};
  direction published_up{}, published_down{};
  std::vector<uint32_t> sites{}; ///< that it leads to
};

struct site_state {
  /// A service time was learned: late or a step, and when it was sent.
  void judge(bool late, bool step, time_point sent) noexcept;

  std::string name, tier;
  uint32_t link = 0;
  queue_state queue; ///< of the functions that have none of their own
  site_filter filter;
  std::optional<function_filter> probe;
  time_point probed{}; ///< last
  uint64_t probe_changes = 0;
  std::optional<uint32_t> stepped; ///< function whose event told of a step
  bool doubted = false;   ///< whether the last event was late is still open
  bool adopted = false;   ///< its slow-down was told: see predictor::adopt ...
  double told_part = 0;   ///< ... as that, then
  time_point fine_sent{}; ///< last sending of one that was not late
  double published_g = 0;
  std::vector<std::unique_ptr<pair_state>> pairs; ///< by function index
  std::vector<uint32_t> functions;                ///< that have a pair
};

inline queue_state& pair_state::queue(site_state& at) noexcept {
  return own_queue ? *own_queue : at.queue;
}
inline const queue_state&
pair_state::queue(const site_state& at) const noexcept {
  return own_queue ? *own_queue : at.queue;
}

struct function_state {
  void arrived(const observation& seen) noexcept;
  /// Events of this router, of late.
  double per_ms(time_point now) const noexcept;

  std::string name;
  line profile = default_profile;
  bool told = false; ///< the profile; else it is a mere form
  std::vector<uint32_t> slow{}; ///< sites that load it slower than usual
  rate_estimator rate{};
  rate_estimator lately{5}; ///< as long as what is usual at sites is averaged
  double mean_size = 0; ///< of its events
  way_bytes mean_bytes{};
  bool removed = false;
};

struct predictor::impl {
  predictor_config config;
  std::vector<link_state> links;
  std::vector<site_state> sites;
  std::vector<function_state> functions;
  std::unordered_map<std::string, uint32_t> link_names, site_names,
    function_names;
  using pair_key = std::pair<uint32_t, uint32_t>; ///< site, function
  std::vector<pair_key> dirty, watched;
  uint64_t refused = 0;
  time_point offered_at{};

  bool known(function_index f) const noexcept {
    return to_int(f) < functions.size() && !functions[to_int(f)].removed;
  }
  bool known(site_index s) const noexcept { return to_int(s) < sites.size(); }
  bool refuse() noexcept {
    ++refused;
    return false;
  }

  void connect(uint32_t site, uint32_t before, uint32_t link);
  pair_state* find(uint32_t function, uint32_t site) const noexcept;
  pair_state& obtain(uint32_t function, uint32_t site);
  const pair_state* tier_mate(uint32_t function, uint32_t site) const noexcept;
  void begin(pair_state& pair, uint32_t function, uint32_t site);
  double tier_level(const std::string& tier) const noexcept;
  void teach_tier(uint32_t function, uint32_t site);
  void mark(pair_state& pair, uint32_t function, uint32_t site);
  void watch(pair_state& pair, uint32_t function, uint32_t site);
  void note_late(const in_flight_event& event, time_point now);
  bool settle(pair_state& pair, pair_key key, time_point now);
  void write(pair_state& pair, uint32_t function, uint32_t site,
             time_point now);
  void reckon_offered(time_point now);
  void reckon_queues(uint32_t site, const std::vector<double>& per_ms,
                     time_point now);
  void reckon_link(link_state& link, const std::vector<double>& per_ms,
                   std::vector<bool>& counted) const;
  bool moved(const site_state& site) const noexcept;
  bool moved(const queue_state& queue) const noexcept;
  void mark_moved(uint32_t site);
  void learn_timeout(const observation& seen, pair_state& pair,
                     site_state& site);
  bool learn_way(observation& seen, pair_state& pair, site_state& site);
  void change_mind(pair_state& pair, site_state& site, time_point now);
  void learn_service(const observation& seen, pair_state& pair,
                     site_state& site);
  void learn_work(const observation& seen, pair_state& pair, site_state& site);
  bool learn_line(const observation& seen, pair_state& pair, site_state& site);
  void confirm_step(site_state& site, double slowdown);
  void learn_residency(const observation& seen, pair_state& pair);
  void learn_load(uint32_t function, uint32_t site, double ms, bool by_event,
                  time_point now);
  time_left first_load(uint32_t function, uint32_t site) const noexcept;
  void pass_over_slow(uint32_t function, uint32_t site);
};

} // namespace faas::routing
