// What is kept of one decision and of what came of it.
#pragma once

#include "libfaas/core/id.hpp"
#include "libfaas/routing/decision.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace faas::decisions {

/// What many decisions have alike: whose events, by which policy, among which
/// sites.
struct context {
  std::string function;
  uint32_t version = 0;
  std::string policy;
  std::vector<std::string> sites; ///< in the order of the candidates
  bool operator==(const context&) const = default;
};
using context_ptr = std::shared_ptr<const context>;

/// Prediction for one candidate, ms. Single precision: the log keeps 11 bits.
struct logged_site {
  bool considered = false; ///< healthy; the rest is valid only then
  uint32_t in_flight = 0;  ///< this node's own events there
  float network = 0;
  float queue = 0;
  float service = 0;
  float cold = 0;
  float overdue = 0;
  float deviation = 0; ///< standard deviation of one event's latency
  float doubt = 0;     ///< the same of its mean only (epistemic)
  float imposed = 0;   ///< waits that the event causes; not in the total

  double total() const noexcept {
    return double{network} + queue + service + cold + overdue;
  }
};

/// How the event ended at the chosen site.
enum class ending : uint8_t {
  ok,
  failed,    ///< user code or its bundle
  refused,   ///< full, quarantined, shutting down: it did not run
  timed_out, ///< total_ms is a lower bound
  lost,      ///< the site vanished with it
  beaten,    ///< a second site answered first; total_ms is a lower bound
};
inline constexpr size_t endings = 6;
std::string_view name(ending how) noexcept;

/// What the site said of its start; as faas::start_kind.
enum class began : uint8_t { warm, pool, cold };
std::string_view name(began how) noexcept;

/// One attempt at one event. Times in ms.
struct entry {
  call_id id;
  int64_t at_us = 0; ///< of the decision, since 1970, by the node's wall clock
  double size = 0;
  double bytes = 0;       ///< of the request
  double deadline_ms = 0; ///< that the policy saw left; 0: none, or over
  uint8_t attempt = 1;
  uint8_t chosen = routing::decision::none; ///< position in the context's sites
  uint8_t runner_up = routing::decision::none;
  routing::reason why = routing::reason::no_candidate;
  double propensity = 1; ///< probability that the policy chose as it did
  double logged = 1;     ///< probability that the event is in the log

  ending how = ending::ok;
  bool went_on = false; ///< another attempt followed, with a record of its own
  uint16_t status = 200;
  began start = began::warm;
  float total_ms = 0; ///< from the decision to the answer, by this node
  float queue_ms = 0; ///< these three measured by the site
  float service_ms = 0;
  float cold_ms = 0;

  /// What the three do not explain: the way there and back. Never negative.
  double network_ms() const noexcept {
    const double left = double{total_ms} - queue_ms - service_ms - cold_ms;
    return left > 0 ? left : 0;
  }
};

/// An entry with what it refers to; as many sites as its context has.
struct record : entry {
  context_ptr of;
  std::vector<logged_site> sites;
};

/// Entries on their way from a gateway loop to the log: flat, so that filling
/// it allocates only now and then.
struct batch {
  struct item {
    entry what;
    uint32_t context = 0; ///< position in contexts
    uint32_t first = 0;   ///< position in sites; as many as the context has
  };
  std::vector<item> items;
  std::vector<logged_site> sites;
  std::vector<context_ptr> contexts;
  uint64_t dropped = 0; ///< events that should be here but found no room

  bool empty() const noexcept { return items.empty() && dropped == 0; }
  /// `sites` has as many as the context.
  void add(const entry& what, const context_ptr& of,
           std::span<const logged_site> its_sites);
  std::span<const logged_site> sites_of(const item& one) const noexcept {
    return {sites.data() + one.first, contexts[one.context]->sites.size()};
  }
};

/// A decision in the log's form; `count` sites are written to `to`. In flight
/// is left alone.
void note_sites(const routing::decision& made, std::span<logged_site> to);

} // namespace faas::decisions
