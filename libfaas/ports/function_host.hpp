// One function version on one node: its instances, slots, queue and faults.
#pragma once

#include "libfaas/event/completion.hpp"
#include "libfaas/ports/admin_port.hpp"
#include "libfaas/ports/runtime.hpp"

#include <functional>
#include <memory>

namespace faas {

/// Counters of a host since its start; a consistent-enough snapshot.
struct host_stats {
  uint32_t slots = 0;   ///< instances able to run
  uint32_t running = 0;
  uint32_t waiting = 0;
  uint64_t accepted = 0, answered = 0, refused = 0, failed = 0, timed_out = 0;
  uint32_t written_off = 0; ///< threads lost to calls past their deadline
  double inline_p99_us = 0; ///< mode inline: recent p99 of one call
  uint32_t instances = 0;   ///< that exist; none when it left the memory
  /// Events by what they found, see start_kind.
  uint64_t cold_starts = 0, pool_starts = 0, warm_starts = 0;
  uint64_t unloads = 0, loads = 0; ///< left the memory, came back
  uint64_t failed_loads = 0;       ///< of those that should have come back
};

/// How busy a version is that may leave the memory.
struct host_load {
  double rate = 0;    ///< arrivals per second
  duration service{}; ///< mean; zero: not known
  uint32_t busy = 0;  ///< waiting and running
  uint32_t instances = 0;
  uint32_t slots = 0; ///< instances that it can have
};

/// How busy a version is, for a router that asks.
struct host_probe {
  uint32_t inside = 0; ///< events waiting and running
  /// What events took here lately that found about as many; zero: none yet.
  duration lately{};
};

/// What is wanted of a version's instances on this node, beside what its
/// manifest says.
struct scale_order {
  /// Instances that stay when nothing comes, in the manifest's place; 0: none.
  std::optional<uint32_t> least;
  /// Which request that was. Another one for none: leave the memory now, and
  /// come back with the next event.
  uint64_t since = 0;
  bool held = false; ///< stays in memory, or comes back, without events
  bool operator==(const scale_order&) const = default;
};

/// What a host reports. Called on any thread, must not block.
struct host_events {
  /// Loading ended: ready, or why not. Exactly once per host.
  std::function<void(result<void>)> loaded;
  /// The version was quarantined after repeated faults; the host refuses all
  /// further events with errc::quarantined and this reason.
  std::function<void(std::string reason)> quarantined;
  /// Inline was withdrawn (p99 over 50 us or one long stall); the host goes on
  /// in mode threads.
  std::function<void(std::string reason)> inline_withdrawn;
  /// facts() says something else; the version serves on.
  std::function<void()> changed;
  /// A line from the function or about it.
  std::function<void(log_line)> log;
};

/// Runs the events of one version on this node. Thread safe; no call blocks.
class function_host {
public:
  virtual ~function_host() = default;
  /// Admits and runs one event, or refuses it at once: errc::overloaded when
  /// queue and slots are full, errc::deadline_exceeded when its remaining time
  /// cannot be enough, errc::quarantined, errc::shutting_down. In mode inline
  /// the function runs on the calling thread before submit returns, otherwise
  /// on an executor. A call past its deadline is answered
  /// errc::deadline_exceeded by the host itself, also while it still blocks.
  virtual void submit(invocation&& event, completion&& done) = 0;
  virtual host_stats stats() const = 0;
  /// What the module's trial run took, else the sample events of its bundle;
  /// and facts. Empty before it is loaded.
  virtual std::vector<profile_point> profile() const = 0;
  virtual string_map facts() const = 0;
  /// A microsecond at most.
  virtual host_probe probe() const {
    const auto now = stats();
    return {now.running + now.waiting, {}};
  }
  /// Empty when it stays in memory anyway, or has no events.
  virtual std::optional<host_load> current_load() const { return std::nullopt; }
  /// From now on that is wanted; the instances follow.
  virtual void rescale(const scale_order& order) { (void) order; }
  /// Refuses new events, lets the admitted ones end (each is answered, at the
  /// latest at its deadline), destroys the instances, then calls `closed`.
  virtual void close(std::function<void()> closed) = 0;
};

/// What a host is made of.
struct host_request {
  version_ref version;
  function_spec spec;
  digest bundle;
  std::filesystem::path folder; ///< the verified, unpacked bundle
  std::shared_ptr<const secret_folder> secrets = {}; ///< null: none
  scale_order scale = {}; ///< to begin with
};

struct host_threads {
  uint32_t executors = 1; ///< run functions in this process
  /// Wait for functions in worker processes: so many of their events run at once.
  uint32_t waiting = 1;
};

/// Makes hosts; owns the runtimes and the executors. Thread safe.
class function_hosts {
public:
  virtual ~function_hosts() = default;
  /// Begins to load a version on an executor; returns at once. Errors that are
  /// known at once (mode or runtime not available here, bundle not trusted):
  /// errc::forbidden, errc::bad_bundle with the next step.
  virtual result<std::shared_ptr<function_host>> open(host_request request,
                                                      host_events events) = 0;
  /// Of the whole node.
  virtual host_threads threads() const = 0;
};

} // namespace faas
