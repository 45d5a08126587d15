#include "actors/system/local_connections.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/stream_impl.hpp>
#include <caf/make_counted.hpp>
#include <caf/policy/tcp.hpp>

#include <poll.h>

#include <utility>

namespace faas::actors {
namespace {

namespace io = caf::io;

/// Of those that are closed, at most so many are remembered.
constexpr size_t most_remembered = 1024;

/// As the stock one, but with a number of its own; the stock one also aborts on
/// a socket without an IP address.
class local_scribe final : public io::scribe {
public:
  local_scribe(io::network::default_multiplexer& multiplexer, int socket,
               int64_t number, std::shared_ptr<local_connections> all)
    : scribe(io::connection_handle::from_int(number)),
      all_(std::move(all)),
      stream_(multiplexer, socket) {}
  ~local_scribe() override { all_->closing(hdl().id()); }

  void configure_read(io::receive_policy::config config) override {
    stream_.configure_read(config);
    if (!std::exchange(launched_, true))
      stream_.start(this);
  }
  void ack_writes(bool enable) override { stream_.ack_writes(enable); }
  std::vector<char>& wr_buf() override { return stream_.wr_buf(); }
  std::vector<char>& rd_buf() override { return stream_.rd_buf(); }
  void flush() override { stream_.flush(this); }
  void graceful_shutdown() override {
    stream_.graceful_shutdown();
    detach(&stream_.backend(), false);
  }
  void add_to_loop() override { stream_.activate(this); }
  void remove_from_loop() override { stream_.passivate(); }
  std::string addr() const override { return "local"; }
  uint16_t port() const override { return 1; }

private:
  std::shared_ptr<local_connections> all_;
  bool launched_ = false;
  io::network::stream_impl<caf::policy::tcp> stream_;
};

bool hung_up(int socket) {
  pollfd asked{socket, 0, 0};
  return ::poll(&asked, 1, 0) > 0;
}

} // namespace

local_connections::local_connections(caf::actor_system& system)
  : system_(system),
    multiplexer_(dynamic_cast<io::network::default_multiplexer&>(
      system.middleman().backend())) {}

io::scribe_ptr local_connections::make(int socket) {
  int64_t number = 0;
  {
    const std::lock_guard lock{mutex_};
    number = ++last_;
    sockets_[number] = socket;
  }
  return caf::make_counted<local_scribe>(multiplexer_, socket, number,
                                         shared_from_this());
}

void local_connections::closing(int64_t number) {
  const std::lock_guard lock{mutex_};
  sockets_[number] = -1;
  if (sockets_.size() > most_remembered)
    std::erase_if(sockets_,
                  [](const auto& entry) { return entry.second < 0; });
}

/// Through the multiplexer's queue before and after: CAF posts the removal of
/// proxies after it has told of the loss, and who heard of it may call at once.
void local_connections::when_settled(std::function<void()> then,
                                     std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  multiplexer_.post(
    [self = shared_from_this(), then = std::move(then), until]() mutable {
      self->try_settle(std::move(then), until);
    });
}

/// On the multiplexer's thread, as what follows. Between two attempts it does
/// what else there is to do.
void local_connections::try_settle(std::function<void()> then,
                                   time_point until) {
  if (!routes_lead_on() || std::chrono::steady_clock::now() > until)
    return multiplexer_.post(std::move(then));
  multiplexer_.post(
    [self = shared_from_this(), then = std::move(then), until]() mutable {
      self->try_settle(std::move(then), until);
    });
}

/// Whether CAF has a route over a connection that has ended.
bool local_connections::routes_lead_on() {
  const auto handle
    = system_.middleman().named_broker<io::basp_broker>(caf::atom("BASP"));
  auto* broker = dynamic_cast<io::basp_broker*>(
    caf::actor_cast<caf::abstract_actor*>(handle));
  if (broker == nullptr
      || broker->getf(caf::abstract_actor::is_terminated_flag))
    return false;
  const auto& routes = broker->instance.tbl();
  bool found = false;
  const std::lock_guard lock{mutex_};
  std::erase_if(sockets_, [&](const auto& entry) {
    const auto& [number, socket] = entry;
    const bool routed
      = (socket < 0 || hung_up(socket))
        && routes.lookup_direct(io::connection_handle::from_int(number))
             != caf::none;
    found = found || routed;
    return socket < 0 && !routed;
  });
  return found;
}

} // namespace faas::actors
