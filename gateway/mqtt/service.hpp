// The MQTT gateway of a node: the bridge on a thread of its own.
#pragma once

#include "gateway/mqtt/bridge.hpp"
#include "libfaas/ports/metrics.hpp"

namespace faas {
class event_port_factory;
}

namespace faas::mqtt {

struct service_dependencies {
  event_port_factory& events;
  const clock_source& clock;
  uint64_t seed = 1; ///< of call ids and pauses; random per process
  std::function<void(std::string)> log; ///< any thread
};

/// All calls from one thread (the one that owns the node). The dependencies
/// must outlive it.
class mqtt_service {
public:
  /// Opens an event port and begins to connect; that the broker can be reached
  /// is not waited for. errc::invalid_argument (options), errc::unavailable
  /// (no event port).
  static result<std::unique_ptr<mqtt_service>> start(bridge_options options,
                                                     service_dependencies deps);
  /// stop() without grace, if it was not stopped.
  ~mqtt_service();

  /// Counters of the bridge, petrel_mqtt_*. Any thread.
  const metrics_source& metrics() const noexcept;

  /// Takes no further message, lets events in flight end for up to `grace`;
  /// what is not done then the broker sends again. Returns when the thread has
  /// ended.
  void stop(duration grace);

private:
  class impl;
  explicit mqtt_service(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

/// The counters as metric families. Any thread.
std::vector<metric_family> describe(const bridge_counters& counters);

} // namespace faas::mqtt
