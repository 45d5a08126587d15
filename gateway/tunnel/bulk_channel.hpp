// One bulk connection: a TLS stream and its state machine.
#pragma once

#include "gateway/tunnel/connection.hpp"
#include "libfaas/bulk/line.hpp"

#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <mutex>

namespace faas::tunnel {

class bulk_channel;

/// What other threads have of a channel, as long as they like.
struct bulk_gate {
  std::atomic<uint64_t> waiting{0}; ///< bytes, not written yet
  std::atomic<uint64_t> window{0};
  std::atomic<int64_t> queueing_ns{0}, base_ns{0};

  /// Calls on the tunnel's thread, or never when the channel has closed.
  void run(std::function<void(bulk_channel&)> what);

  std::mutex mutex;
  net::io_context* loop = nullptr; ///< null: closed
  std::weak_ptr<bulk_channel> channel;
};

/// Of all channels of a node, also those that are over.
struct bulk_totals {
  std::atomic<uint64_t> sent{0}, received{0}, messages{0};
};

/// On the tunnel's thread only.
class bulk_channel : public std::enable_shared_from_this<bulk_channel> {
public:
  struct events {
    std::function<void(bulk_channel&, bulk::line::message)> arrived;
    /// Over, and why; last call.
    std::function<void(bulk_channel&, const std::string& why)> ended;
  };

  /// `early`: bytes that were read from the peer already.
  bulk_channel(net::io_context& loop, std::shared_ptr<tls_stream> peer,
               trust::certificate_facts who, const clock_source& clock,
               bulk::line_options options, std::shared_ptr<bulk_totals> totals,
               std::string early, events to);

  /// From now on its gate leads here.
  void open();
  void start();
  void push(bulk::line::message one);
  void consumed(uint64_t bytes);
  /// Closes when the peer is silent or takes nothing.
  void check();
  /// Closes at once. Nothing is called but ended().
  void close(const std::string& why);

  const trust::certificate_facts& who() const noexcept { return who_; }
  const std::shared_ptr<bulk_gate>& gate() const noexcept { return gate_; }
  time_point since() const noexcept { return since_; }

private:
  static constexpr size_t read_bytes = 64 * 1024, write_bytes = 128 * 1024;

  void read();
  bool take(std::string_view bytes);
  void write();
  void wake();
  void publish();

  net::io_context& loop_;
  std::shared_ptr<tls_stream> peer_;
  trust::certificate_facts who_;
  const clock_source& clock_;
  bulk::line line_;
  std::shared_ptr<bulk_gate> gate_ = std::make_shared<bulk_gate>();
  std::shared_ptr<bulk_totals> totals_;
  uint64_t told_sent_ = 0, told_received_ = 0;
  events to_;
  net::steady_timer timer_;
  time_point since_, wakes_{};
  std::vector<char> in_;
  std::string out_, early_;
  std::vector<bulk::line::message> whole_;
  bool writing_ = false, closed_ = false;
};

} // namespace faas::tunnel
