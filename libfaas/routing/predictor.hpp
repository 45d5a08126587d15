// The pure core of the predictor actor: observations in, estimate cells out.
#pragma once

#include "libfaas/core/clock.hpp"
#include "libfaas/core/result.hpp"
#include "libfaas/routing/estimate_cell.hpp"
#include "libfaas/routing/keys.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace faas::routing {

/// Learns from what happened and publishes what to expect. Not thread safe;
/// the cells it hands out may be read by any thread while it writes them.
/// Bad input (not finite, negative, unknown index) is refused and counted,
/// never learned.
class predictor {
public:
  explicit predictor(predictor_config config = {});
  ~predictor();
  predictor(predictor&&) noexcept;
  predictor& operator=(predictor&&) noexcept;

  // -- registration ---------------------------------------------------------

  /// A name that is known gives its old index (and keeps what was learned).
  result<link_index> add_link(const link_spec& spec);
  /// The new site starts from what its tier's sites have in common.
  result<site_index> add_site(const site_spec& spec);
  /// One entry per function version. `profile` is the reference line for sites
  /// that have none of their own.
  result<function_index> add_function(const std::string& name,
                                      std::optional<line> profile = {});
  /// `next` is another version of `before` and begins with what that one has
  /// taught at sites that know nothing of `next`; of the same work, also at those
  /// that have had no event of `next`. Returns for how many sites.
  size_t succeed(function_index next, function_index before, likeness what);
  /// Forgets everything about it; cells already handed out stay readable.
  void remove_function(function_index function);
  /// A line measured on this very site: what is known of the function there is
  /// replaced by it, uncertainty included. `only_size`: it was measured at that
  /// size alone, so that its shape is a guess.
  bool set_profile(function_index function, site_index site, line profile,
                   time_point now, std::optional<double> only_size = {});
  /// Profile measured elsewhere: the reference for sites without their own.
  bool set_profile(function_index function, line profile);

  /// The site joins the function's events into batches of so much in all, in the
  /// unit of the size feature; up to 1: it does not, as where nothing is said.
  bool set_batches(function_index function, site_index site, double most);

  /// How many events the site runs at once, 1 to 1e6: a node is back with more
  /// threads, say.
  bool set_servers(site_index site, double servers);
  /// The function has so many servers there, and a queue, for itself: worker
  /// processes of its own, or fewer instances than the site has threads. 0: it
  /// shares the site's queue, as where nothing is said.
  bool set_own_servers(function_index function, site_index site,
                       double servers);

  /// How many routers choose among the same sites, this one included.
  void set_routers(double count) noexcept;

  // -- what happened --------------------------------------------------------

  /// One event has ended. False if refused.
  bool observe(const observation& seen);
  /// A calibrated CPU task on the site took `slowdown` times its normal time:
  /// tells the site's own slow-down without a user's event. Only changes
  /// count: a constant factor between probe and functions is learned.
  bool observe_probe(site_index site, double slowdown, time_point now);
  /// A keep-alive crossed the link and back. Not `alone`: own bytes were ahead of
  /// it, for which it may have waited, so it bounds the round trip only.
  bool observe_ping(link_index link, double rtt_ms, time_point now,
                    bool alone = true);
  /// The site says whether the function's model is loaded there.
  bool observe_residency(function_index function, site_index site,
                         bool resident, time_point now);
  /// The site has loaded the function, with nobody waiting, in that time.
  bool observe_load(function_index function, site_index site, double ms,
                    time_point now);
  /// The function is being brought to the site, as of now; nothing: it is there,
  /// or comes no more. Its first load takes what loads of it took there or at
  /// other sites.
  bool observe_deployment(function_index function, site_index site,
                          std::optional<deployment> how, time_point now);
  /// A site that was gone is there again: what is known of it and of its link
  /// is as uncertain as after a step, and nothing waits there.
  bool observe_return(site_index site, time_point now);
  /// Every 20-100 ms, with all own events in flight: those that are later than
  /// predicted are evidence already (censored observations).
  void tick(std::span<const in_flight_event> events, time_point now);

  // -- what to expect -------------------------------------------------------

  /// The cell of the pair, made from the prior when new; nullptr for an
  /// unknown index. Keep the pointer in the routing snapshot.
  std::shared_ptr<const estimate_cell> cell(function_index function,
                                            site_index site, time_point now);
  /// Writes the cells whose beliefs have moved; call after each batch of
  /// observations, after tick() and after probes. Returns how many.
  size_t publish(time_point now);

  // -- for metrics and people -----------------------------------------------

  /// All zero for a pair that never was.
  accuracy accuracy_of(function_index function, site_index site) const;
  /// Site-wide slow-down factor and its log variance.
  site_health health_of(site_index site) const;
  /// Request and reply of the function's events of late, as this router sent
  /// them; 0 before the first one, and for an unknown index.
  way_bytes mean_bytes(function_index function) const;
  uint64_t refused() const noexcept;

  // -- across restarts ------------------------------------------------------

  /// Means only matter a while: restore() widens them by the time away.
  snapshot save() const;
  /// For names already registered; unknown names are skipped, and so is
  /// anything not finite. Returns how many entries were taken. `away`: time
  /// since the snapshot was saved.
  size_t restore(const snapshot& saved, duration away, time_point now);

  // -- among routers --------------------------------------------------------

  /// What own events have taught, for another router: sites and pairs, at most
  /// `most_pairs`; links are a router's own. `adopted`: with what adopt() took,
  /// for this router after a restart.
  snapshot experience(size_t most_pairs, bool adopted = false) const;
  /// What another router has learned, for sites and pairs that have taught
  /// nothing here yet, with half of a new one's uncertainty; what is not finite
  /// is skipped. Entries with names that are not known yet are left in it, for
  /// another time, all others are taken out. Returns how many were learned.
  /// Cells are written by the next publish().
  size_t adopt(snapshot& of_another, time_point now);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace faas::routing
