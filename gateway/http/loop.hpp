// One event loop of the gateway. Internal: includes Boost.Asio.
#pragma once

#include "gateway/http/cells.hpp"
#include "gateway/http/pending_table.hpp"
#include "gateway/http/server.hpp"
#include "gateway/http/task_queue.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/ports/event_port.hpp"

#include <utility> // before Boost.Asio 1.74, which forgets it in C++20

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace faas::api {
class api_handler;
}

namespace faas::http {

namespace net = boost::asio;
/// Bound to io_context's own executor: the polymorphic one costs a virtual
/// call and a reference count per operation.
using socket_type
  = net::basic_stream_socket<net::ip::tcp, net::io_context::executor_type>;
using timer_type
  = net::basic_waitable_timer<std::chrono::steady_clock,
                              net::wait_traits<std::chrono::steady_clock>,
                              net::io_context::executor_type>;

class connection;

/// What all loops of a server share.
struct loop_shared {
  const server_config& config;
  const server_deps& deps;
  api::api_handler& api;
  std::atomic<uint32_t> connections{0}; ///< open, all loops
  std::atomic<uint64_t>& refused;       ///< over the limit
};

/// Runs on one thread: run() from start to end; adopt(), begin_drain(), force()
/// and post() are for other threads; the rest is for the loop's own thread.
class http_loop final : public loop_context {
public:
  http_loop(loop_shared& shared, uint64_t seed);
  ~http_loop() override;

  /// Opens the event port, says so, serves until stopped.
  void run(const std::function<void(bool opened)>& started);

  /// Hands over an accepted socket (a native handle).
  void adopt(int socket, std::string peer);
  /// Ends when the last connection is done.
  void begin_drain();
  /// Answers everything now, then ends.
  void force();

  // loop_context
  bool post(std::function<void()> task) override;
  bool post_at(time_point when, std::function<void()> task) override;
  bool in_loop() const noexcept override;
  duration lag() const noexcept override { return lag_; }

  // For connections.
  net::io_context& io() noexcept { return io_; }
  const server_config& config() const noexcept { return shared_.config; }
  api::api_handler& api() noexcept { return shared_.api; }
  event_port& port() noexcept { return *port_; }
  pending_table& table() noexcept { return *table_; }
  const std::shared_ptr<completion_sink>& sink() const noexcept {
    return sink_;
  }
  loop_cells& cells() noexcept { return cells_; }
  random_source& random() noexcept { return random_; }
  time_point now() const noexcept { return shared_.deps.clock.now(); }
  /// Time of the last tick: good enough for timeouts of connections.
  time_point coarse_now() const noexcept { return coarse_now_; }
  std::string_view date();
  bool draining() const noexcept { return draining_; }
  /// False when too many bytes of bodies are being read.
  bool reserve_reading(size_t bytes) noexcept;
  void release_reading(size_t bytes) noexcept { reading_bytes_ -= bytes; }
  connection* find_connection(uint64_t id) noexcept;
  /// The connection has closed; it is destroyed in a later turn.
  void bury(uint64_t id) noexcept;
  /// Makes sure that deadlines are looked at in time.
  void event_opened() {
    if (slow_)
      arm_tick(pending_table::tick);
  }
  std::shared_ptr<task_queue> tasks() const noexcept { return tasks_; }

  // For metrics; any thread.
  const loop_cells& counters() const noexcept { return cells_; }
  size_t pending_now() const noexcept;
  uint64_t late() const noexcept;

private:
  void arm_tick(duration after);
  void on_tick();
  void probe_lag();
  void check_connections();
  void finish_if_empty();
  void finish();

  loop_shared& shared_;
  net::io_context io_;
  timer_type tick_timer_;
  random_source random_;
  loop_cells cells_;
  std::shared_ptr<pending_table> table_;
  std::shared_ptr<completion_sink> sink_;
  std::shared_ptr<task_queue> tasks_;
  std::unique_ptr<event_port> port_;
  std::unordered_map<uint64_t, std::unique_ptr<connection>> connections_;
  std::vector<std::unique_ptr<connection>> graveyard_;
  uint64_t next_id_ = 1;
  size_t reading_bytes_ = 0;
  time_point coarse_now_{};
  time_point next_check_{};
  time_point date_made_{};
  std::string date_;
  duration lag_{};
  duration idle_tick_;
  bool slow_ = true;
  bool draining_ = false;
  bool finished_ = false;
  std::thread::id thread_;
};

} // namespace faas::http
