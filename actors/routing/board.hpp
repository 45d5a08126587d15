// The structure snapshot that gateway loops route by.
#pragma once

#include "libfaas/manifest/confinement.hpp"
#include "libfaas/ports/event_port.hpp"
#include "libfaas/ports/function_host.hpp"
#include "libfaas/routing/decision.hpp"
#include "libfaas/routing/shared_load.hpp"
#include "libfaas/routing/site_costs.hpp"
#include "libfaas/routing/predictor_types.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace faas::actors {

struct link_event;

/// Another node that this one has a link to, as the loops see it. Written by
/// the link, read by the loops.
class peer {
public:
  virtual ~peer() = default;
  /// Hands a turn's events to the link; one message. Any thread.
  virtual void send(std::vector<link_event> events) = 0;
  /// Asks how busy that version is there. `answered`: on any thread, or never.
  virtual void probe(const version_ref& of,
                     std::function<void(const host_probe&)> answered)
    = 0;
  /// Asks how slow its CPU is, for the predictor; it may not answer.
  virtual void ask_cpu() {}

  /// Whether events may go there; whether one with such a body may.
  bool takes() const noexcept {
    return usable.load(std::memory_order_acquire);
  }
  bool takes(size_t body) const noexcept {
    return takes() && body <= body_bytes.load(std::memory_order_relaxed);
  }

  node_name name;
  boot_id boot; ///< of its process; another one after a restart
  /// Connected and not suspect.
  std::atomic<bool> usable{false};
  /// Longest body that travels there; known once it is usable.
  std::atomic<uint64_t> body_bytes{0};
  /// For people and metrics.
  std::atomic<uint64_t> backlog_bytes{0}; ///< waiting or not acknowledged
  std::atomic<uint64_t> in_flight{0};     ///< events that the peer owes
  std::atomic<int64_t> rtt_ns{0};         ///< smoothed; 0: not known
};

/// One event on its way to a peer.
struct link_event {
  invocation event;
  completion done;
};

/// One site that may run a function.
struct route_target {
  site_name site;
  std::string tier;
  node_name node;
  std::shared_ptr<const string_map> labels; ///< of the node; null: none
  routing::site_index index = routing::no_site;
  double servers = 1;       ///< events of this function that run there at once
  double threads = 1;       ///< of the whole site: by them its power is shared
  bool own_queue = false;   ///< no other function's events wait for these servers
  routing::site_costs costs = {};
  std::shared_ptr<function_host> host;  ///< of this node, else null
  std::shared_ptr<faas::actors::peer> via; ///< of another node, else null
  std::shared_ptr<const routing::estimate_cell> cell;
  /// What all loops of this node have under way before the same servers, and on
  /// the way there.
  std::shared_ptr<routing::shared_load> load;
  std::shared_ptr<routing::shared_link_load> link_load;
  /// How it joins the version's events; by `load` once that is there.
  routing::batching_site batches = {};
  const routing::batching_site* joins() const noexcept {
    return batches.open != nullptr ? &batches : nullptr;
  }
  bool deploying = false; ///< the version is still being brought there: for
                          ///< policies that may wait
  bool cannot = false; ///< the site cannot load it now; only where there is none
                       ///< better
};

/// A node that can never run a version, for people.
struct unfit_site {
  site_name site;
  std::string tier;
  std::string why;
};

/// A function version and where it runs. The table has the one in service.
struct route {
  function_view view;
  version_ref version;
  std::string policy;
  /// Policy "static:SITE": the site, and its name for people. An unknown site
  /// has no index; then no event is sent anywhere.
  routing::site_index fixed = routing::no_site;
  std::string fixed_name;
  routing::function_index index{};
  std::vector<route_target> targets;
  std::vector<unfit_site> unfit;
  std::string why_empty; ///< when no site is ready: the reason for people

  uint32_t weight = 100; ///< its share; those of `others` come on top
  bool watched = false;  ///< a rollout compares its events
  std::string key;       ///< header that keeps events together; or empty
  std::string lighter;   ///< function for events that would be late; or empty
  duration deadline{};   ///< answers should not take longer; zero: not said
  /// Where its events may go, whoever takes them in its place. Its own targets
  /// meet them.
  placement_needs needs;
  /// Of the version in service only: the other versions that run, with their
  /// shares (0: by number or alias only), and the aliases of the function.
  std::vector<std::shared_ptr<const route>> others;
  std::map<std::string, uint32_t, std::less<>> aliases;
};

/// Whether events with these needs may go there.
bool allows(const placement_needs& needs, const route_target& target) noexcept;

/// Version that `suffix` of NAME:suffix means for a function; 0: none.
uint32_t version_named(const route& of, std::string_view suffix) noexcept;
/// The route of that version, or null.
const route* route_to(const route& of, uint32_t version) noexcept;

struct string_hash {
  using is_transparent = void;
  size_t operator()(std::string_view text) const noexcept {
    return std::hash<std::string_view>{}(text);
  }
};

/// Immutable; one per change of the structure.
struct routing_table {
  uint64_t number = 0;
  std::unordered_map<std::string, std::shared_ptr<const route>, string_hash,
                     std::equal_to<>>
    routes;
  /// Every version that runs on this node, with or without traffic: what a
  /// peer's events are run by.
  std::unordered_map<version_ref, std::shared_ptr<function_host>> hosts;
};

/// Holds the current table. Readers look at number() on each event (one load)
/// and take the table only when it has moved. Thread safe.
class routing_board {
public:
  routing_board() : table_(std::make_shared<routing_table>()) {}

  uint64_t number() const noexcept {
    return number_.load(std::memory_order_acquire);
  }
  std::shared_ptr<const routing_table> table() const {
    const std::lock_guard lock{mutex_};
    return table_;
  }
  /// Numbers the table and makes it current.
  void publish(std::shared_ptr<routing_table> table) {
    const std::lock_guard lock{mutex_};
    table->number = number_.load(std::memory_order_relaxed) + 1;
    table_ = std::move(table);
    number_.store(table_->number, std::memory_order_release);
  }

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const routing_table> table_;
  std::atomic<uint64_t> number_{0};
};

} // namespace faas::actors
