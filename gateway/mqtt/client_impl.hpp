// Inside of the client.
#pragma once

#include "gateway/mqtt/client.hpp"
#include "gateway/mqtt/link.hpp"

#include <boost/asio/steady_timer.hpp>

namespace faas::mqtt {

/// Joins a session, a link and the timers. Kept alive by the handlers under
/// way.
class client::impl : public std::enable_shared_from_this<impl> {
public:
  impl(boost::asio::io_context& loop, client_options options,
       client_handlers handlers, random_source& random);

  void connect();
  result<void> subscribe(const std::vector<subscription>& wanted);
  void unsubscribe(const std::vector<std::string>& filters);
  result<publish_id> publish(const message& value);
  bool acknowledge(delivery_id id);
  void stop(duration grace, std::function<void()> stopped);
  client_status status() const;
  /// The client object is gone: no handler any more, nothing left to do.
  void abandon();

private:
  /// Carries out the session's effects, also those that handlers cause, then
  /// arms the timer. Handlers that call back in only add effects.
  void pump();
  void carry_out(effect& value);
  void arm_tick();
  void leave_if_done();
  void link_down(error reason);
  void reconnect_later();
  void change_state(client_state next);
  void finish_stop();

  boost::asio::io_context& loop_;
  client_options options_;
  client_handlers on_;
  random_source& random_;
  session session_;
  backoff backoff_;
  std::shared_ptr<link> link_;
  boost::asio::steady_timer tick_;
  boost::asio::steady_timer pause_; ///< connect timeout, reconnect or grace
  time_point tick_at_ = time_point::max();
  std::optional<time_point> online_since_;
  client_status status_;
  std::function<void()> stopped_;
  bool pumping_ = false;
  bool leaving_ = false;
  bool gone_ = false;
};

} // namespace faas::mqtt
