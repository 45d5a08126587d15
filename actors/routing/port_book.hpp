// The ports of a node, for the predictor.
#pragma once

#include "libfaas/routing/predictor_types.hpp"
#include "libfaas/wire/messages.hpp"

#include <algorithm>
#include <functional>
#include <mutex>
#include <vector>

namespace faas::actors {

/// What a loop tells the predictor.
struct loop_report {
  std::vector<routing::observation> ended;
  std::vector<routing::in_flight_event> in_flight;
  bool complete = false; ///< in_flight was looked at in this report
  /// What rollouts are judged by; only while one is under way.
  std::vector<wire::version_evidence> evidence;
};

/// Knows the open ports; passes their reports to the predictor. Thread safe.
class port_book {
public:
  class member {
  public:
    virtual ~member() = default;
    /// Asks for a report with observations and events in flight, made on the
    /// loop. Any thread; returns at once.
    virtual void request_report() = 0;
  };
  using receiver = std::function<void(loop_report)>;

  /// Set once, before ports report. Called on loop threads; must not block.
  void receive_with(receiver to) {
    const std::lock_guard lock{mutex_};
    to_ = std::move(to);
  }
  void report(loop_report what) {
    receiver to;
    {
      const std::lock_guard lock{mutex_};
      to = to_;
    }
    if (to)
      to(std::move(what));
  }
  void add(member* port) {
    const std::lock_guard lock{mutex_};
    members_.push_back(port);
  }
  void remove(member* port) {
    const std::lock_guard lock{mutex_};
    std::erase(members_, port);
  }
  void request_reports() {
    const std::lock_guard lock{mutex_};
    for (auto* port : members_)
      port->request_report();
  }

private:
  std::mutex mutex_;
  std::vector<member*> members_;
  receiver to_;
};

} // namespace faas::actors
