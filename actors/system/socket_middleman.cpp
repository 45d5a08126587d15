#include "actors/system/socket_middleman.hpp"

#include "actors/system/local_connections.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor_impl.hpp>
#include <caf/io/network/default_multiplexer.hpp>
#include <caf/io/network/doorman_impl.hpp>
#include <caf/node_id.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <charconv>
#include <future>
#include <mutex>
#include <set>

#include <sys/eventfd.h>
#include <unistd.h>

namespace faas::actors {
namespace {

using namespace std::chrono_literals;
namespace io = caf::io;

/// The "port" under which membership is published: CAF wants one.
constexpr uint16_t published_port = 1;
constexpr auto publish_patience = 10s, end_patience = 5s,
               settle_patience = 2s;

io::network::default_multiplexer& multiplexer_of(caf::actor_system& system) {
  return dynamic_cast<io::network::default_multiplexer&>(
    system.middleman().backend());
}

caf::actor basp_of(caf::actor_system& system) {
  return caf::actor_cast<caf::actor>(
    system.middleman().named_broker<io::basp_broker>(caf::atom("BASP")));
}

/// On the multiplexer's thread. A broker of CAF 0.17 does not close its mailbox
/// when it ends: the tick of the heartbeats, which is always under way, would
/// arrive later and keep itself and the broker alive for ever.
void end_broker(const caf::actor& handle) {
  auto* broker = static_cast<caf::scheduled_actor*>(
    caf::actor_cast<caf::abstract_actor*>(handle));
  auto& multiplexer = multiplexer_of(broker->system());
  if (!broker->getf(caf::abstract_actor::is_terminated_flag)) {
    broker->context(&multiplexer);
    broker->quit();
    broker->finalize();
  }
  // The part that brokers leave out.
  broker->caf::scheduled_actor::cleanup(
    caf::error{caf::exit_reason::user_shutdown}, &multiplexer);
}

} // namespace

/// Accepts what is handed to it instead of listening.
class socket_middleman::doorman final : public io::doorman {
public:
  /// `mark` only gives this door its number in CAF's tables.
  doorman(io::network::default_multiplexer& multiplexer, int mark,
          std::shared_ptr<local_connections> connections)
    : io::doorman(io::network::accept_hdl_from_socket(mark)),
      multiplexer_(multiplexer),
      connections_(std::move(connections)),
      mark_(mark) {}
  ~doorman() override { ::close(mark_); }

  /// On the multiplexer's thread.
  void adopt(int socket) {
    if (detached()) {
      ::close(socket);
      return;
    }
    auto scribe = connections_->make(socket);
    const auto handle = scribe->hdl();
    parent()->add_scribe(std::move(scribe));
    io::doorman::new_connection(&multiplexer_, handle);
  }

  bool new_connection() override { return false; }
  void launch() override {}
  void graceful_shutdown() override { detach(&multiplexer_, false); }
  void add_to_loop() override {}
  void remove_from_loop() override {}
  std::string addr() const override { return "local"; }
  uint16_t port() const override { return published_port; }

private:
  io::network::default_multiplexer& multiplexer_;
  std::shared_ptr<local_connections> connections_;
  int mark_;
};

/// Where the middleman actor leaves the doorman that it made.
struct socket_middleman::door {
  explicit door(caf::actor_system& system)
    : connections(std::make_shared<local_connections>(system)) {}
  const std::shared_ptr<local_connections> connections;
  std::mutex mutex;
  caf::intrusive_ptr<doorman> open; ///< guarded by it
};

class socket_middleman::middleman final : public io::middleman_actor_impl {
public:
  middleman(caf::actor_config& config, caf::actor basp, peer_links* links,
            std::shared_ptr<door> to)
    : middleman_actor_impl(config, std::move(basp)),
      links_(*links),
      door_(std::move(to)) {}

protected:
  caf::expected<io::scribe_ptr> connect(const std::string& host,
                                        uint16_t) override {
    uint64_t ticket = 0;
    std::from_chars(host.data(), host.data() + host.size(), ticket);
    const int socket = links_.take(ticket);
    if (socket < 0)
      return caf::sec::cannot_connect_to_node;
    wait_until_settled();
    return door_->connections->make(socket);
  }

  caf::expected<io::doorman_ptr> open(uint16_t, const char*, bool) override {
    const int mark = ::eventfd(0, EFD_CLOEXEC);
    if (mark < 0)
      return caf::sec::cannot_open_port;
    auto made = caf::make_counted<doorman>(multiplexer_of(system()), mark,
                                             door_->connections);
    const std::lock_guard lock{door_->mutex};
    door_->open = made;
    return io::doorman_ptr{std::move(made)};
  }

private:
  /// On this actor's own thread.
  void wait_until_settled() {
    auto settled = std::make_shared<std::promise<void>>();
    auto done = settled->get_future();
    door_->connections->when_settled([settled] { settled->set_value(); });
    done.wait_for(settle_patience);
  }

  peer_links& links_;
  std::shared_ptr<door> door_;
};

socket_middleman::socket_middleman(caf::actor_system& system,
                                   peer_links& links)
  : system_(system), links_(links), door_(std::make_shared<door>(system)) {
  actor_ = caf::actor_cast<io::middleman_actor>(
    system.spawn<middleman, caf::detached + caf::hidden>(basp_of(system),
                                                         &links, door_));
}

socket_middleman::~socket_middleman() {
  close();
  // Both must have ended before CAF's multiplexer does.
  caf::scoped_actor self{system_};
  self->monitor(actor_);
  caf::anon_send_exit(actor_, caf::exit_reason::kill);
  self->receive([](const caf::down_msg&) {}, caf::after(end_patience) >> [] {});
  auto ended = std::make_shared<std::promise<void>>();
  auto done = ended->get_future();
  multiplexer_of(system_).post([broker = basp_of(system_), ended] {
    end_broker(broker);
    ended->set_value();
  });
  done.wait_for(end_patience);
}

result<void> socket_middleman::publish(const caf::actor& first) {
  caf::scoped_actor self{system_};
  std::string failure;
  self
    ->request(actor_, publish_patience, caf::publish_atom::value,
              published_port, caf::actor_cast<caf::strong_actor_ptr>(first),
              std::set<std::string>{}, std::string{}, true)
    .receive([](uint16_t) {},
             [&](const caf::error& why) { failure = system_.render(why); });
  if (!failure.empty())
    return error{errc::internal,
                 "CAF cannot publish the node's membership: " + failure};
  links_.serve([this](int socket) {
    caf::intrusive_ptr<doorman> to;
    {
      const std::lock_guard lock{door_->mutex};
      to = door_->open;
    }
    if (to)
      door_->connections->when_settled([to, socket] { to->adopt(socket); });
    else
      ::close(socket);
  });
  return {};
}

void socket_middleman::close() {
  links_.serve(nullptr);
  caf::intrusive_ptr<doorman> open;
  const std::lock_guard lock{door_->mutex};
  std::swap(open, door_->open);
}

std::string transport_id(caf::actor_system& system, const caf::node_id& node) {
  std::vector<char> bytes;
  caf::binary_serializer sink{system, bytes};
  if (sink(const_cast<caf::node_id&>(node)))
    return {};
  return {bytes.begin(), bytes.end()};
}

} // namespace faas::actors
