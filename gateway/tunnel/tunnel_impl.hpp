// The tunnel's insides. Internal.
#pragma once

#include "gateway/tls/context.hpp"
#include "gateway/tunnel/bulk_desk.hpp"
#include "gateway/tunnel/hub.hpp"
#include "gateway/tunnel/tunnel.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <map>
#include <mutex>
#include <set>
#include <thread>

namespace faas::tunnel {

/// On the tunnel's thread, but for what says otherwise.
struct node_tunnel::impl final : public hub {
  impl(tunnel_config with, tunnel_deps needs);

  // start and end; any thread
  result<void> open_context(const trust::node_identity& identity);
  result<void> listen();
  void run();
  void stop();

  // taking calls
  void wait_for_calls();
  void take_call(net::ip::tcp::socket socket);
  void make_room();

  // all the time
  void tick();
  void check_connections();
  void close_untaken();
  void renew_when_due();
  void renewed(result<trust::node_identity> outcome);
  void learn_revoked();
  void refresh_authority();
  void controllers_at(std::vector<std::string> addresses);
  void keep_revoked(const trust::taken_serials& now,
                    const trust::taken_serials& before) const;
  result<trust::node_identity> renew(const trust::node_identity& present);

  // connections
  std::shared_ptr<connection> join_ends(std::shared_ptr<tls_stream> stream,
                                        trust::certificate_facts who,
                                        bool dialled, std::string early,
                                        int& other_end);
  void dial(call_to what, outgoing::answer done);
  /// Keeps a connection that this node dialled until it is taken: its ticket.
  result<uint64_t> keep(std::shared_ptr<tls_stream> stream,
                        trust::certificate_facts who, std::string early);
  void announced(connection& one);
  void ended(connection& one, const std::string& why);
  result<void> admit(const trust::certificate_facts& who) const;
  void log_refusal(const std::string& line);

  // hub
  net::io_context& io() override { return loop; }
  std::shared_ptr<tls_stream> new_stream() override;
  result<trust::certificate_facts> peer_of(tls_stream& stream) override;
  bool accept(std::shared_ptr<tls_stream> stream,
              trust::certificate_facts who) override;
  result<void> may_have_bulk(const trust::certificate_facts& who,
                             const boot_id& boot) override {
    return bulk.may_have(who, boot);
  }
  void accept_bulk(std::shared_ptr<tls_stream> stream,
                   trust::certificate_facts who) override {
    bulk.accept(std::move(stream), std::move(who));
  }
  void answer(join_question question,
              std::optional<trust::certificate_facts> who,
              std::function<void(std::string)> done) override;
  void refused(const std::string& from, const std::string& why) override;
  void over(handshake& one) override;

  struct ticket {
    int socket = -1;
    time_point since{};
  };
  struct ownership {
    std::string id; ///< of CAF's transport
    peer_identity who;
    peer_origin origin;
  };
  /// With the mutex held.
  const ownership* owner_of(std::string_view transport_id) const;
  struct under_way {
    std::shared_ptr<handshake> one;
    time_point until{};
    bool call = false; ///< of another machine
  };

  tunnel_config config;
  tunnel_deps deps;
  net::io_context loop{1};
  net::executor_work_guard<net::io_context::executor_type> stay;
  net::ip::tcp::acceptor listener;
  net::steady_timer timer, pause;
  net::thread_pool worker{1}; ///< joins and renewals: they block
  std::unique_ptr<net::ssl::context> context;
  trust::node_identity identity;
  trust::certificate_facts own;
  std::map<handshake*, under_way> handshakes;
  size_t calls = 0; ///< of these
  std::map<uint64_t, std::shared_ptr<connection>> connections;
  uint64_t last_number = 0;
  time_point next_renewal{};
  bool renewing = false;
  /// What the controller's node said; on the node with the CA: unused.
  std::shared_ptr<const trust::taken_serials> learned;
  time_point next_lesson{};
  bool told_stale = false;
  bool learning = false; ///< or reading the shared ledger again
  bulk_desk bulk;
  time_point log_from{}; ///< refusals are logged again
  uint64_t unlogged = 0;
  /// A timer that was due when it was cancelled still calls back.
  bool ending = false;
  std::thread thread;
  uint16_t port = 0;

  mutable std::mutex mutex; ///< the rest: any thread
  std::map<uint64_t, ticket> tickets;
  std::map<uint64_t, ownership> owners;
  std::function<void(int)> takes_calls;
  bool stopped = false;
};

} // namespace faas::tunnel
