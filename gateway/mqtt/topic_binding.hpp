// One function's topics: its session and the messages being worked on.
// Internal to the bridge.
#pragma once

#include "gateway/mqtt/message_work.hpp"

#include <map>

namespace faas::mqtt {

/// Lives on the loop's thread; destroyed only when stopped, or with the bridge.
class topic_binding final : private work_owner {
public:
  topic_binding(bridge_shared& shared, std::string function);

  /// Subscribes to these filters instead of those before.
  void set_topics(const std::vector<std::string>& topics);
  /// The function is gone: ends its subscriptions at the broker, too, and then
  /// stops.
  void retire();
  /// Takes no further message, lets those being worked on end, leaves the
  /// broker, then calls `done`. Once: later calls are ignored.
  void stop(duration grace, std::function<void()> done);
  bool serving() const noexcept { return phase_ == phase::serving; }
  bool stopped() const noexcept { return phase_ == phase::stopped; }
  bridge::session_status status() const;

private:
  enum class phase : uint8_t { serving, stopping, leaving, stopped };

  const std::string& function() const noexcept override { return function_; }
  client& broker() noexcept override { return client_; }
  bool stopping() const noexcept override { return phase_ != phase::serving; }
  void ended(uint64_t number) override;

  client_options options() const;
  client_handlers handlers();
  void take(delivery message);
  void state_changed(const client_status& now);
  void leave_if_idle();

  bridge_shared& shared_;
  std::string function_;
  std::vector<std::string> topics_;
  client client_;
  std::map<uint64_t, std::shared_ptr<message_work>> works_;
  uint64_t last_number_ = 0;
  std::string told_; ///< last connection error in the log
  phase phase_ = phase::serving;
  time_point stop_at_{};
  std::function<void()> done_;
};

} // namespace faas::mqtt
