// Start and end of the tunnel, and what other threads call.
#include "gateway/tunnel/tunnel.hpp"

#include "gateway/tls/keys.hpp"
#include "gateway/tunnel/tunnel_impl.hpp"

#include <boost/asio/post.hpp>

#include <unistd.h>

namespace faas::tunnel {

namespace {
constexpr int backlog = 128;
}

node_tunnel::impl::impl(tunnel_config with, tunnel_deps needs)
  : config(std::move(with)),
    deps(std::move(needs)),
    stay(loop.get_executor()),
    listener(loop),
    timer(loop),
    pause(loop),
    learned(std::make_shared<const trust::taken_serials>(config.revoked)),
    bulk({loop, deps.clock,
          [this](call_to what, outgoing::answer done) {
            dial(std::move(what), std::move(done));
          },
          [this](const trust::certificate_facts& who) { return admit(who); },
          [this](std::string line) { deps.log(std::move(line)); },
          config.seed, config.bulk_line}) {}

result<void>
node_tunnel::impl::open_context(const trust::node_identity& with) {
  if (auto fits = tls::check_identity(with); !fits)
    return fits;
  auto facts = tls::facts_of_pem(with.certificate);
  auto made = tls::node_context(with);
  if (!facts || !made)
    return facts ? made.error() : facts.error();
  context = std::make_unique<net::ssl::context>(made->release());
  own = std::move(*facts);
  identity = with;
  return {};
}

result<void> node_tunnel::impl::listen() {
  failure failed;
  const auto address = net::ip::make_address(config.address, failed);
  if (failed)
    return error{errc::invalid_argument,
                 "link.address \"" + config.address + "\" is no IP address",
                 "use 0.0.0.0 or :: for all addresses of this machine"};
  const net::ip::tcp::endpoint endpoint{address, config.port};
  listener.open(endpoint.protocol(), failed);
  if (!failed)
    listener.set_option(net::socket_base::reuse_address{true}, failed);
  if (!failed)
    listener.bind(endpoint, failed);
  if (!failed)
    listener.listen(backlog, failed);
  if (failed)
    return error{failed == net::error::address_in_use ? errc::conflict
                                                      : errc::unavailable,
                 "cannot listen for other nodes on " + config.address
                   + " port " + std::to_string(config.port) + ": "
                   + failed.message(),
                 "choose another link.port or link.address"};
  port = listener.local_endpoint(failed).port();
  return {};
}

void node_tunnel::impl::run() {
  net::post(loop, [this] {
    if (listener.is_open())
      wait_for_calls();
    tick();
  });
  thread = std::thread{[this] { loop.run(); }};
}

void node_tunnel::impl::stop() {
  {
    const std::lock_guard lock{mutex};
    if (std::exchange(stopped, true))
      return;
    takes_calls = nullptr;
  }
  net::post(loop, [this] {
    failure ignored;
    ending = true;
    listener.close(ignored);
    timer.cancel();
    pause.cancel();
    while (!handshakes.empty()) {
      const auto one = handshakes.begin()->second.one; // over() removes it
      one->give_up("this node is stopping");
    }
    bulk.stop();
    while (!connections.empty()) {
      const auto one = connections.begin()->second;
      one->close("this node is stopping");
    }
    stay.reset();
  });
  if (thread.joinable())
    thread.join();
  worker.stop();
  worker.join();
  const std::lock_guard lock{mutex};
  for (const auto& [number, ticket] : tickets)
    ::close(ticket.socket);
  tickets.clear();
}

node_tunnel::node_tunnel(std::unique_ptr<impl> parts)
  : impl_(std::move(parts)) {}

node_tunnel::~node_tunnel() {
  stop();
}

result<std::unique_ptr<node_tunnel>> node_tunnel::start(tunnel_config config,
                                                        tunnel_deps deps) {
  auto parts = std::make_unique<impl>(std::move(config), std::move(deps));
  if (auto good = parts->open_context(parts->config.identity); !good)
    return good.error();
  if (parts->config.listen)
    if (auto good = parts->listen(); !good)
      return good.error();
  parts->run();
  return std::unique_ptr<node_tunnel>{new node_tunnel{std::move(parts)}};
}

uint16_t node_tunnel::port() const noexcept {
  return impl_->port;
}

size_t node_tunnel::connections() const {
  const std::lock_guard lock{impl_->mutex};
  return impl_->owners.size();
}

bulk_links& node_tunnel::bulk() noexcept {
  return impl_->bulk;
}

const metrics_source& node_tunnel::metrics() const noexcept {
  return impl_->bulk;
}

void node_tunnel::stop() {
  impl_->stop();
}

void node_tunnel::open(const std::string& address,
                       std::function<void(result<opened>)> done) {
  {
    const std::lock_guard lock{impl_->mutex};
    if (!impl_->stopped) {
      net::post(impl_->loop, [parts = impl_.get(), address,
                              done = std::move(done)]() mutable {
        call_to what;
        what.address = address;
        what.protocol = tls::alpn_control;
        what.keep = [parts](auto stream, auto who, auto early) {
          return parts->keep(std::move(stream), std::move(who),
                             std::move(early));
        };
        parts->dial(std::move(what), std::move(done));
      });
      return;
    }
  }
  done(error{errc::shutting_down, "this node is stopping"});
}

int node_tunnel::take(uint64_t ticket) {
  const std::lock_guard lock{impl_->mutex};
  const auto found = impl_->tickets.find(ticket);
  if (found == impl_->tickets.end())
    return -1;
  const int socket = found->second.socket;
  impl_->tickets.erase(found);
  return socket;
}

void node_tunnel::serve(std::function<void(int)> accept) {
  const std::lock_guard lock{impl_->mutex};
  impl_->takes_calls = impl_->stopped ? nullptr : std::move(accept);
}

void node_tunnel::controllers_at(std::vector<std::string> addresses) {
  const std::lock_guard lock{impl_->mutex};
  if (!impl_->stopped)
    net::post(impl_->loop, [parts = impl_.get(),
                            all = std::move(addresses)]() mutable {
      parts->controllers_at(std::move(all));
    });
}

std::optional<peer_identity>
node_tunnel::owner(std::string_view transport_id) const {
  const std::lock_guard lock{impl_->mutex};
  if (const auto* entry = impl_->owner_of(transport_id))
    return entry->who;
  return std::nullopt;
}

peer_origin node_tunnel::origin(std::string_view transport_id) const {
  const std::lock_guard lock{impl_->mutex};
  const auto* entry = impl_->owner_of(transport_id);
  return entry != nullptr ? entry->origin : peer_origin{};
}

const node_tunnel::impl::ownership*
node_tunnel::impl::owner_of(std::string_view transport_id) const {
  if (!transport_id.empty())
    for (const auto& [number, entry] : owners)
      if (entry.id.starts_with(transport_id))
        return &entry;
  return nullptr;
}

} // namespace faas::tunnel
