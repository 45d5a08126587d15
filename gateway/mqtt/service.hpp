// The MQTT bridge with a loop and a thread of its own.
#pragma once

#include "gateway/mqtt/bridge.hpp"
#include "libfaas/ports/metrics.hpp"

#include <memory>

namespace faas {
class event_port_factory;
}

namespace faas::mqtt {

struct service_deps {
  event_port_factory& events;
  const clock_source& clock;
  uint64_t seed = 0;
  std::function<void(std::string)> log; ///< any thread
};

/// Runs one bridge on one thread. start() and stop() from one thread.
class service {
public:
  /// errc::invalid_argument (options), errc::unavailable (no event port).
  static result<std::unique_ptr<service>> start(bridge_options options,
                                                service_deps deps);
  ~service(); ///< stop() without grace, if it was not stopped

  /// Any thread; lives as long as the service.
  const metrics_source& metrics() const noexcept;
  /// Ends within about `grace`; what is not done stays with the broker.
  void stop(duration grace);

private:
  struct impl;
  explicit service(std::unique_ptr<impl> parts);
  std::unique_ptr<impl> impl_;
};

} // namespace faas::mqtt
