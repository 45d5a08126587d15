// The bulk connections of a node: one per peer that a link stands with.
#pragma once

#include "gateway/tunnel/bulk_channel.hpp"
#include "gateway/tunnel/outgoing.hpp"
#include "libfaas/core/random.hpp"
#include "libfaas/ports/metrics.hpp"

#include <map>

namespace faas::tunnel {

/// What the desk needs of the tunnel.
struct bulk_desk_deps {
  net::io_context& loop;
  const clock_source& clock;
  std::function<void(call_to, outgoing::answer)> dial;
  /// Whether the holder of this certificate may still talk to this node.
  std::function<result<void>(const trust::certificate_facts&)> admit;
  std::function<void(std::string)> log;
  uint64_t seed = 0;
  bulk::line_options line = {};
};

/// The side that dialled the link dials bulk too, as soon as the link stands,
/// and again with jittered back-off. What waits for a connection is bounded in
/// bytes.
class bulk_desk final : public bulk_links, public metrics_source {
public:
  static constexpr uint64_t max_waiting = 8 * limits::mib;
  static constexpr double first_pause_ms = 200, longest_pause_ms = 60'000;
  /// A connection that ends sooner does not reset the back-off.
  static constexpr auto lasting = std::chrono::seconds{5};

  explicit bulk_desk(bulk_desk_deps deps);

  // bulk_links, metrics_source: any thread
  void serve(std::optional<handlers> to) override;
  void want(const bulk_peer& peer) override;
  void forget(const node_name& node) override;
  bool carries(const node_name& node) const override;
  bool send(const node_name& to, bulk_topic topic,
            std::string message) override;
  std::vector<metric_family> collect() const override;

  // the tunnel's thread
  result<void> may_have(const trust::certificate_facts& who,
                        const boot_id& boot) const;
  void accept(std::shared_ptr<tls_stream> stream,
              trust::certificate_facts who);
  /// Dials what is due, closes what is silent or not admitted any more.
  void tick();
  void stop();

private:
  struct line_to {
    bulk_peer peer;
    std::shared_ptr<bulk_channel> channel; ///< while it stands
    bool dialling = false;
    time_point next{}; ///< call
    double pause_ms = first_pause_ms;
    std::string told; ///< why it failed last
  };
  using table = std::map<node_name, line_to>;

  void dial_due();
  void dial(const bulk_peer& to);
  void dialled(const bulk_peer& to, const result<peer_links::opened>& outcome);
  result<uint64_t> keep(const bulk_peer& expected,
                        std::shared_ptr<tls_stream> stream,
                        trust::certificate_facts who, std::string early);
  void attach(const node_name& node, std::shared_ptr<tls_stream> stream,
              trust::certificate_facts who, std::string early);
  void arrived(bulk_channel& from, bulk::line::message one);
  void ended(bulk_channel& one, const std::string& why);
  void call_later(line_to& line, duration stood);
  void tell(const node_name& node, bool stands);
  void close_later(std::shared_ptr<bulk_channel> one, std::string why);
  std::vector<std::shared_ptr<bulk_channel>> channels() const;

  bulk_desk_deps deps_;
  random_source random_;
  mutable std::mutex mutex_; ///< the next three
  table lines_;
  bool stopped_ = false;
  boot_id self_;       ///< of this process
  std::mutex serving_; ///< held while a handler runs
  std::optional<handlers> handlers_;
  std::atomic<uint64_t> dropped_{0};
  std::shared_ptr<bulk_totals> totals_ = std::make_shared<bulk_totals>();
};

} // namespace faas::tunnel
