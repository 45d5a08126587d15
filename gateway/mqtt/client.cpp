#include "gateway/mqtt/client.hpp"

#include "gateway/mqtt/client_impl.hpp"

namespace faas::mqtt {

result<void> validate(const client_options& options) {
  if (options.host.empty() || options.port == 0)
    return error{errc::invalid_argument, "MQTT broker has no host or port",
                 "give it as host:port"};
  if (options.reconnect.shortest <= duration::zero()
      || options.reconnect.longest < options.reconnect.shortest)
    return error{errc::invalid_argument,
                 "MQTT reconnect pauses must be positive and in order", ""};
  return validate(options.session);
}

std::string_view name(client_state state) noexcept {
  switch (state) {
  case client_state::idle:
    return "idle";
  case client_state::connecting:
    return "connecting";
  case client_state::online:
    return "online";
  case client_state::waiting:
    return "waiting";
  case client_state::stopping:
    return "stopping";
  case client_state::stopped:
    return "stopped";
  }
  return "unknown";
}

client::client(boost::asio::io_context& loop, client_options options,
               client_handlers handlers, random_source& random)
  : impl_(std::make_shared<impl>(loop, std::move(options), std::move(handlers),
                                 random)) {}

client::~client() {
  if (impl_)
    impl_->abandon();
}

client::client(client&&) noexcept = default;

client& client::operator=(client&& other) noexcept {
  if (impl_ && impl_ != other.impl_)
    impl_->abandon();
  impl_ = std::move(other.impl_);
  return *this;
}

void client::start() {
  impl_->connect();
}

result<void> client::subscribe(const std::vector<subscription>& wanted) {
  return impl_->subscribe(wanted);
}

void client::unsubscribe(const std::vector<std::string>& filters) {
  impl_->unsubscribe(filters);
}

result<publish_id> client::publish(const message& value) {
  return impl_->publish(value);
}

bool client::acknowledge(delivery_id id) {
  return impl_->acknowledge(id);
}

void client::stop(duration grace, std::function<void()> stopped) {
  impl_->stop(grace, std::move(stopped));
}

client_status client::status() const {
  return impl_->status();
}

} // namespace faas::mqtt
