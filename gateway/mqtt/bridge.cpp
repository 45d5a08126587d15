#include "gateway/mqtt/bridge.hpp"

#include "gateway/mqtt/topic_binding.hpp"
#include "libfaas/ports/event_port.hpp"

#include <boost/asio/post.hpp>

#include <set>

namespace faas::mqtt {

result<void> validate(const bridge_options& options) {
  if (options.max_attempts == 0 || options.max_functions == 0
      || options.max_pending == 0 || options.refresh <= duration::zero()
      || options.retry.shortest <= duration::zero()
      || options.retry.longest < options.retry.shortest)
    return error{errc::invalid_argument,
                 "MQTT bridge bounds and pauses must be positive and in order",
                 ""};
  if (options.level == qos::exactly_once)
    return error{errc::invalid_argument, "MQTT QoS 2 is not spoken here",
                 "use QoS 0 or 1"};
  if (options.broker.session.client_id.empty())
    return error{errc::invalid_argument, "MQTT bridge has no client id",
                 "set one that is unique at the broker"};
  return validate(options.broker);
}

class bridge::impl : public std::enable_shared_from_this<impl> {
public:
  impl(bridge_options options, dependencies deps)
    : options_(std::move(options)), deps_(std::move(deps)), timer_(deps_.loop),
      grace_(deps_.loop), shared_{
                            options_, deps_, counters_,
                            std::make_shared<http::pending_table>(
                              options_.max_pending, deps_.clock.now(), [this] {
                                deps_.context.post([weak = weak_from_this()] {
                                  if (const auto self = weak.lock())
                                    self->shared_.pending->drain();
                                });
                              })} {}

  void start() { turn(); }
  void stop(duration grace, std::function<void()> stopped);
  /// The bridge object is gone.
  void abandon() {
    timer_.cancel();
    grace_.cancel();
    bindings_.clear();
    shared_.pending->close();
  }
  const bridge_counters& counters() const noexcept { return counters_; }
  std::vector<session_status> sessions() const {
    std::vector<session_status> all;
    for (const auto& [name, binding] : bindings_)
      all.push_back(binding->status());
    return all;
  }

private:
  void turn();
  void refresh();
  void follow(const function_view& view);
  void check_stopped();

  bridge_options options_;
  dependencies deps_;
  bridge_counters counters_;
  boost::asio::steady_timer timer_;
  boost::asio::steady_timer grace_;
  bridge_shared shared_;
  std::map<std::string, std::unique_ptr<topic_binding>> bindings_;
  uint64_t seen_ = ~uint64_t{0}; ///< structure version
  bool again_ = false;           ///< something could not be followed yet
  bool told_limit_ = false;
  std::function<void()> stopped_;
};

void bridge::impl::turn() {
  shared_.pending->expire(deps_.clock.now());
  if (!stopped_)
    refresh();
  timer_.expires_after(options_.refresh);
  timer_.async_wait([weak = weak_from_this()](auto cancelled) {
    if (const auto self = weak.lock(); self && !cancelled)
      self->turn();
  });
}

void bridge::impl::refresh() {
  std::erase_if(bindings_,
                [](const auto& one) { return one.second->stopped(); });
  const auto version = deps_.events.structure_version();
  if (version == seen_ && !again_)
    return;
  seen_ = version;
  again_ = false;
  std::set<std::string> wanted;
  for (const auto* view : deps_.events.functions())
    if (!view->topics.empty()) {
      wanted.insert(view->name.str());
      follow(*view);
    }
  for (const auto& [name, binding] : bindings_)
    if (binding->serving() && !wanted.contains(name))
      binding->retire();
}

void bridge::impl::follow(const function_view& view) {
  const auto& name = view.name.str();
  if (const auto at = bindings_.find(name); at != bindings_.end()) {
    if (at->second->serving())
      at->second->set_topics(view.topics);
    else
      again_ = true; // its former self has not left the broker yet
    return;
  }
  if (bindings_.size() >= options_.max_functions) {
    if (!std::exchange(told_limit_, true))
      shared_.log(name, "not subscribed: " + std::to_string(bindings_.size())
                          + " functions have topics already (raise the "
                            "limit of MQTT functions)");
    again_ = true;
    return;
  }
  auto made = std::make_unique<topic_binding>(shared_, name);
  made->set_topics(view.topics);
  bindings_.emplace(name, std::move(made));
}

void bridge::impl::stop(duration grace, std::function<void()> stopped) {
  if (stopped_)
    return;
  stopped_ = std::move(stopped);
  grace_.expires_after(grace);
  grace_.async_wait([weak = weak_from_this()](auto cancelled) {
    // What still runs is answered shutting_down, hence left at the broker.
    if (const auto self = weak.lock(); self && !cancelled)
      self->shared_.pending->close();
  });
  // In a later turn, so that `done` never comes before stop() returns.
  boost::asio::post(deps_.loop, [weak = weak_from_this(), grace] {
    const auto self = weak.lock();
    if (!self)
      return;
    for (const auto& [name, binding] : self->bindings_)
      binding->stop(grace, [weak] {
        if (const auto self = weak.lock())
          self->check_stopped();
      });
    self->check_stopped();
  });
}

void bridge::impl::check_stopped() {
  for (const auto& [name, binding] : bindings_)
    if (!binding->stopped())
      return;
  grace_.cancel();
  timer_.cancel();
  // The caller may destroy the bridge in it, and this is one of its clients.
  boost::asio::post(deps_.loop, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self && self->stopped_)
      std::exchange(self->stopped_, [] {})();
  });
}

bridge::bridge(bridge_options options, dependencies deps)
  : impl_(std::make_shared<impl>(std::move(options), std::move(deps))) {}

bridge::~bridge() {
  impl_->abandon();
}

void bridge::start() {
  impl_->start();
}

void bridge::stop(duration grace, std::function<void()> stopped) {
  impl_->stop(grace, std::move(stopped));
}

const bridge_counters& bridge::counters() const noexcept {
  return impl_->counters();
}

std::vector<bridge::session_status> bridge::sessions() const {
  return impl_->sessions();
}

} // namespace faas::mqtt
