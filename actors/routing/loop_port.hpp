// The event port of one gateway loop: chooses a site for each event, sends it
// there, and owes the answer.
#pragma once

#include "actors/routing/board.hpp"
#include "actors/routing/decision_notes.hpp"
#include "actors/routing/lane.hpp"
#include "actors/routing/port_book.hpp"
#include "actors/routing/route_stats.hpp"
#include "actors/routing/second_starts.hpp"
#include "actors/routing/tried_targets.hpp"
#include "actors/system/loop_unit.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/flow/slot_table.hpp"
#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/hedging.hpp"
#include "libfaas/routing/policies/hot_cold.hpp"

#include <caf/actor.hpp>

#include <map>
#include <queue>

namespace faas::actors {

/// What all ports of a node share. Everything outlives the ports.
struct port_deps {
  caf::actor_system& system;
  census& counters;
  routing_board& board;
  stats_book& stats;
  port_book& ports;
  const clock_source& clock;
  uint64_t seed = 0;
  uint32_t capacity = 16'384; ///< events in flight per loop
  decision_log_config decisions = {};
};

/// See event_port. The completions it hands out come back to itself, from any
/// thread; those that come from elsewhere wait in an inbox for the next turn.
class loop_port final : public event_port, public port_book::member {
public:
  loop_port(port_deps deps, loop_context& loop);
  ~loop_port() override;

  const function_view* find(std::string_view name) override;
  std::vector<const function_view*> functions() override;
  uint64_t structure_version() const noexcept override;
  void submit(invocation&& event, completion&& done) override;

  void request_report() override;

private:
  class inbox;
  friend class inbox;

  /// A route with what this loop keeps for it.
  struct local_route {
    uint64_t checked = 0; ///< number of the table that it was taken from
    /// Both under reference counts of this loop's own.
    std::shared_ptr<const route> shared;
    std::vector<std::shared_ptr<function_host>> hosts; ///< one per target
    std::unique_ptr<routing::policy> policy;
    routing::probing_policy* probing = nullptr; ///< the policy, if it probes
    routing::hedge_budget hedges;
    routing::hedge_planner planner;
    /// Of events that no site can answer in time; made with the first.
    std::shared_ptr<target_stats> refusals;
    std::vector<std::shared_ptr<target_stats>> stats; ///< one per target
    caf::actor lane;
    std::shared_ptr<lane_health> health;
    double reply_bytes = 0; ///< smoothed, for the network estimate
    std::vector<flow::token_bucket> samples; ///< for rollouts, one per target
    /// Positions of the targets that the last choice looked at, rising; all of
    /// them unless there are more than a decision holds.
    std::vector<uint32_t> shown;
    decisions::context_ptr names; ///< of `named`, for the log of decisions
    std::vector<uint32_t> named;
  };

  /// One event that was sent somewhere.
  struct flight {
    std::shared_ptr<completion_sink> owner;
    uint64_t owner_token = 0;
    invocation event; ///< kept for a retry elsewhere
    std::shared_ptr<const route> via;
    std::shared_ptr<target_stats> stats;
    time_point sent;
    routing::site_index site = routing::no_site;
    routing::prediction predicted;
    double backlog_ms = 0; ///< own bytes ahead of it on the link ...
    bool backlog_seen = false; ///< ... as seen afterwards, see observation
    routing::reply_load::plan reply; ///< as expected when it was sent
    uint32_t target = 0;
    tried_targets tried;
    uint32_t note = 0;  ///< of the decision; 0: it is not logged
    uint8_t attempts = 0;
    uint32_t own_there = 0; ///< own events at the site when it left
    bool counted = false; ///< in the loads of its site
    uint64_t ticket = 0; ///< there, where its site joins events; else 0
    bool queued = false;  ///< it was, once: not answered at once
    bool kept = false; ///< `event` is whole, so that it can be sent again
    bool asked = false; ///< for this version, so no other one may run it
    bool elsewhere = false; ///< another version stands in already
    uint64_t twin = 0; ///< the event's other start, while both are under way
    bool second = false; ///< it is the later one
    bool beaten = false; ///< the other one has answered
    std::shared_ptr<first_part> gate; ///< of an event that may start twice
    bool variant = false; ///< a lighter function answers
    /// Of the version that it was for, which whoever takes it in its place
    /// keeps to; null: none, or that one has it.
    std::shared_ptr<const placement_needs> needs;
  };

  /// Where an event may not go (again).
  struct barred {
    const tried_targets& tried;
    const placement_needs* needs; ///< as the flight's
  };

  local_route* resolve(std::string_view name);
  local_route* current_route(std::string_view name);
  void refresh_table();
  const function_view* find_version(std::string_view name, size_t colon);
  /// That version of a function, or null.
  local_route* version_of(local_route& in_service, uint32_t version);
  /// The version that an event without one is for.
  local_route* draw(local_route& in_service);
  /// What another version or function keeps to when it takes the event, which
  /// was for `asked` as far as the event does not say.
  static std::shared_ptr<const placement_needs>
  needs_of(const flight& event, const std::shared_ptr<const route>& asked);
  /// Another version with a share that has a site for the event, where its
  /// needs allow it, or null.
  local_route* stand_in(const local_route& for_this, const flight& of,
                        time_point now);
  local_route* local_of(const route& of);
  void close_lane_of(local_route& mine);
  /// Counters of a site are shared with the version `beside` it.
  void rebuild(local_route& mine, std::shared_ptr<const route> fresh,
               const local_route* beside = nullptr);
  std::vector<std::shared_ptr<target_stats>>
  rows_for(const route& fresh, const local_route& mine,
           const local_route* beside);
  /// Its positions are those of mine.shown.
  routing::decision choose(local_route& mine, const invocation& event,
                           const barred& excluded, time_point now);
  bool bars(const local_route& mine, uint32_t position,
            const barred& excluded) const;
  routing::candidate candidate_at(const local_route& mine, uint32_t position,
                                  const invocation& event,
                                  time_point now) const;
  bool rests(const local_route& mine, uint32_t position,
             time_point now) const;
  /// Fills mine.shown from all targets.
  void show_some(local_route& mine, const invocation& event,
                 const routing::event_features& features,
                 const barred& excluded, time_point now);
  const decisions::context_ptr& names_for(local_route& mine);
  void dispatch(local_route& mine, flight&& ready, time_point now);
  void dispatch_to(local_route& mine, flight&& ready,
                   const routing::decision& chosen, time_point now);
  /// By the event's deadline or the manifest's, whichever is sooner; below zero
  /// when that is over.
  static double time_left_ms(const local_route& mine, const invocation& event,
                             time_point now) noexcept;
  routing::event_features features_of(const local_route& mine,
                                      const invocation& event,
                                      time_point now) const;
  /// Mine, or a lighter variant of it, with the choice for it.
  std::pair<local_route*, routing::decision>
  choose_variant(local_route& mine, const flight& of, time_point now);
  void refuse(local_route& mine, flight&& ready,
              const routing::decision& made, time_point now);
  void launch(local_route& mine, flight&& ready,
              const routing::decision& chosen, time_point now);
  void send_probes(local_route& mine, const routing::decision& made,
                   time_point now);
  void probed(const route& of, const routing::probe_reply& seen);
  static void enter_link(const local_route& mine, flight& ready,
                         time_point now);
  void note(local_route& mine, flight& ready,
            const routing::decision& made, time_point now);
  void count_load(uint64_t token, time_point now);
  void send_local(local_route& mine, uint32_t target, invocation&& event,
                  completion&& done);
  void send_remote(const std::shared_ptr<peer>& to, invocation&& event,
                   completion&& done);
  void flush_outboxes();
  void may_start_twice(flight& ready);
  void plan_second(local_route& mine, uint64_t token,
                   const routing::decision& made, time_point now);
  void wake_for_seconds();
  void start_due_seconds();
  void start_second(uint64_t token, time_point now);
  bool settle_twins(flight& ended, const reply& answer);
  void finish(uint64_t token, reply&& answer);
  bool may_retry(const flight& ended, const reply& answer,
                 time_point now) const;
  bool retry(flight& ended, time_point now);
  void record(const flight& ended, const reply& answer, time_point now,
              site_outcome outcome);
  void observe(const flight& ended, const reply& answer, time_point now,
               site_outcome outcome);
  void judge_site(const flight& ended, const reply& answer, time_point now);
  void count_return(flight& ended, const reply& answer, time_point now);
  static void leave_link(flight& ended, double way_ms, double reply_bytes,
                         time_point now);
  static double sent_bytes(const flight& of) noexcept {
    return static_cast<double>(of.event.body.size());
  }
  void teach_policy(const flight& ended, const reply& answer, time_point now,
                    site_outcome outcome);
  void flush_observations(time_point now);
  void sample(const flight& ended, const reply& answer, time_point now,
              site_outcome outcome);
  void report_in_flight();

  port_deps deps_;
  loop_context& loop_;
  loop_unit unit_;
  random_source random_;
  std::shared_ptr<inbox> inbox_;
  uint64_t seen_ = 0; ///< number of table_
  std::shared_ptr<const routing_table> table_;
  std::unordered_map<std::string, local_route, string_hash, std::equal_to<>>
    routes_;
  /// Versions beside those in service, by what they are of.
  std::map<version_ref, local_route> others_;
  /// Views of versions in service that were asked for by number or alias.
  std::map<std::string, function_view, std::less<>> asked_;
  flow::slot_table<flight> flights_;
  /// When to look at an event again, earliest first; stale tokens are skipped.
  std::priority_queue<due_second, std::vector<due_second>, std::greater<>>
    seconds_;
  time_point woken_at_ = time_point::max(); ///< by the loop's timer
  decision_notes notes_;
  std::map<std::shared_ptr<peer>, std::vector<link_event>> outboxes_;
  bool flush_posted_ = false;
  std::vector<routing::observation> observations_;
  std::vector<wire::version_evidence> evidence_;
  size_t samples_ = 0; ///< in evidence_
  time_point last_flush_{};
};

/// Opens a loop_port per gateway loop.
class port_factory final : public event_port_factory {
public:
  explicit port_factory(port_deps deps) : deps_(deps) {}
  std::unique_ptr<event_port> open(loop_context& loop) override;

private:
  port_deps deps_;
  std::atomic<uint64_t> opened_{0};
};

} // namespace faas::actors
