// One message on its way through its function. Internal to the bridge.
#pragma once

#include "gateway/http/pending_table.hpp"
#include "gateway/mqtt/bridge.hpp"
#include "libfaas/core/id.hpp"

#include <utility> // Boost.Asio 1.74 needs it and does not include it

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

namespace faas::mqtt {

/// What the parts of a bridge share.
struct bridge_shared {
  const bridge_options& options;
  bridge::dependencies& deps;
  bridge_counters& counters;
  std::shared_ptr<http::pending_table> pending;

  void log(const std::string& function, const std::string& text) const {
    if (deps.log)
      deps.log("mqtt: function " + function + ": " + text);
  }
};

/// What a message needs of the binding it came by.
class work_owner {
public:
  virtual const std::string& function() const noexcept = 0;
  virtual client& broker() noexcept = 0;
  virtual bool stopping() const noexcept = 0;
  /// The message is dealt with or left; the work may be destroyed in a later
  /// turn of the loop.
  virtual void ended(uint64_t number) = 0;

protected:
  ~work_owner() = default;
};

/// Submits the message, waits for the answer, retries with pauses, publishes
/// the reply, acknowledges. Ends exactly once, with ended().
class message_work final : public http::answer_waiter,
                           public std::enable_shared_from_this<message_work> {
public:
  message_work(bridge_shared& shared, work_owner& owner, uint64_t number,
               delivery message);
  ~message_work() override;

  void submit();
  void answered(reply&& answer) noexcept override;
  /// The connection that brought the message is lost: a QoS 1 message comes
  /// again, so that nothing more is begun for this copy.
  void connection_lost();
  /// The node stops: what waits for a further attempt is left.
  void stop_waiting();

private:
  void finish(reply&& answer);
  void publish_reply();
  void pause(void (message_work::*next)());
  /// The broker will send this message again.
  bool comes_again() const noexcept;
  void leave_void();
  /// Unacknowledged, for the time after the stop.
  void leave();
  void give_up(const std::string& reason);
  void acknowledge();
  void end();

  bridge_shared& shared_;
  work_owner& owner_;
  uint64_t number_;
  delivery message_;
  call_id id_;
  uint64_t token_ = 0; ///< in the pending table, while an answer is owed
  uint32_t attempts_ = 0;
  bool idempotent_ = false;
  bool void_ = false;    ///< connection lost
  bool waiting_ = false; ///< for the next attempt
  bool ended_ = false;
  backoff backoff_;
  boost::asio::steady_timer timer_;
  std::string reply_topic_; ///< empty: no reply wanted
  blob reply_;
};

} // namespace faas::mqtt
