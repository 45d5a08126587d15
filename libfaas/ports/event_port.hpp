// The seam through which events enter: gateway on one side, actors on the
// other.
#pragma once

#include "libfaas/event/completion.hpp"
#include "libfaas/event/invocation.hpp"
#include "libfaas/manifest/function_spec.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace faas {

/// What an event port needs of the gateway loop that it serves.
class loop_context {
public:
  virtual ~loop_context() = default;
  /// Runs the task on the loop in a later turn; any thread. False when the
  /// loop has ended (the task is destroyed).
  virtual bool post(std::function<void()> task) = 0;
  /// Runs the task on the loop once that time has come; loop thread only.
  /// False: the loop has no timers, or has ended (the task is destroyed).
  virtual bool post_at(time_point when, std::function<void()> task) {
    return false;
  }
  /// True on the loop's own thread.
  virtual bool in_loop() const noexcept = 0;
  /// How late the loop runs its ready handlers, smoothed; loop thread only.
  virtual duration lag() const noexcept = 0;
};

/// What a gateway must know of a function before it submits an event.
struct function_view {
  function_name name;
  duration timeout{};
  uint64_t max_body_bytes = 0;
  size_feature size;
  std::vector<std::string> topics;
  std::string reply_topic;
  bool idempotent = false;
  /// Version that was asked for by number or alias; 0: by the traffic's shares.
  uint32_t version = 0;
};

/// Takes the events of one gateway loop. Belongs to that loop: every call on
/// the loop's thread.
class event_port {
public:
  virtual ~event_port() = default;
  /// The function of that name, or of NAME:VERSION or NAME:ALIAS; null when
  /// there is none that runs. The pointer holds until the next turn of the loop.
  virtual const function_view* find(std::string_view name) = 0;
  /// All functions, for topic subscriptions; same life time as find().
  virtual std::vector<const function_view*> functions() = 0;
  /// Changes whenever find() or functions() may answer differently.
  virtual uint64_t structure_version() const noexcept = 0;
  /// Routes one event. The completion answers exactly once, possibly before
  /// submit returns, possibly on another thread.
  virtual void submit(invocation&& event, completion&& done) = 0;
};

/// Opens one event port per gateway loop. Thread safe.
class event_port_factory {
public:
  virtual ~event_port_factory() = default;
  /// The loop must outlive the port. Null once the node shuts down.
  virtual std::unique_ptr<event_port> open(loop_context& loop) = 0;
};

} // namespace faas
