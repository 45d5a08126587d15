#include "gateway/mqtt/service.hpp"

#include "gateway/http/task_queue.hpp"
#include "libfaas/ports/event_port.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <future>
#include <thread>

namespace faas::mqtt {
namespace {

/// The loop as an event port sees it. Tasks are refused once it has ended.
class service_loop final : public loop_context {
public:
  explicit service_loop(const clock_source& clock)
    : clock_(clock), probe_(io_),
      tasks_([this] { boost::asio::post(io_, [this] { tasks_.run(); }); }) {}

  bool post(std::function<void()> task) override {
    return tasks_.post(std::move(task));
  }
  bool post_at(time_point when, std::function<void()> task) override {
    auto timer = std::make_shared<boost::asio::steady_timer>(io_);
    timer->expires_after(when - clock_.now());
    timer->async_wait([timer, task = std::move(task)](auto cancelled) {
      if (!cancelled)
        task();
    });
    return true;
  }
  bool in_loop() const noexcept override {
    return std::this_thread::get_id() == thread_;
  }
  duration lag() const noexcept override { return lag_; }

  boost::asio::io_context& io() noexcept { return io_; }
  /// Serves on this thread until end().
  void run() {
    probe_lag();
    io_.run();
  }
  void own_thread() { thread_ = std::this_thread::get_id(); }
  void end() {
    tasks_.close();
    io_.stop();
  }

private:
  /// How much later than asked a timer fires.
  void probe_lag() {
    probe_.expires_after(std::chrono::milliseconds{100});
    probe_.async_wait([this, due = probe_.expiry()](auto cancelled) {
      if (cancelled)
        return;
      lag_ += (clock_.now() - due - lag_) / 8;
      lag_ = std::max(lag_, duration::zero());
      probe_lag();
    });
  }

  const clock_source& clock_;
  boost::asio::io_context io_;
  boost::asio::steady_timer probe_;
  http::task_queue tasks_;
  std::thread::id thread_;
  duration lag_{};
};

/// Of the bridge, for as long as the service lives.
class bridge_metrics final : public metrics_source {
public:
  std::vector<metric_family> collect() const override {
    const auto guard = std::lock_guard{mutex_};
    return source_ ? describe(*source_) : last_;
  }
  void follow(const bridge_counters& source) {
    const auto guard = std::lock_guard{mutex_};
    source_ = &source;
  }
  /// The bridge goes: its last values stay.
  void keep() {
    const auto guard = std::lock_guard{mutex_};
    if (source_)
      last_ = describe(*source_);
    source_ = nullptr;
  }

private:
  mutable std::mutex mutex_;
  const bridge_counters* source_ = nullptr;
  std::vector<metric_family> last_;
};

} // namespace

class mqtt_service::impl {
public:
  impl(bridge_options options, service_dependencies deps)
    : options_(std::move(options)), deps_(std::move(deps)), random_(deps_.seed),
      loop_(deps_.clock) {}

  /// False when there is no event port.
  bool start() {
    std::promise<bool> started;
    auto opened = started.get_future();
    thread_ = std::thread{[this, &started] { serve(started); }};
    if (opened.get())
      return true;
    thread_.join();
    return false;
  }

  void stop(duration grace) {
    if (!thread_.joinable())
      return;
    loop_.post([this, grace] {
      bridge_->stop(grace, [this] {
        metrics_.keep();
        bridge_.reset();
        port_.reset();
        loop_.end();
      });
    });
    thread_.join();
  }

  const metrics_source& metrics() const noexcept { return metrics_; }

private:
  /// Port and bridge belong to this thread from first to last.
  void serve(std::promise<bool>& started) {
    loop_.own_thread();
    port_ = deps_.events.open(loop_);
    if (!port_)
      return started.set_value(false);
    bridge_ = std::make_unique<bridge>(
      options_, bridge::dependencies{loop_.io(), loop_, *port_, deps_.clock,
                                     random_, deps_.log});
    metrics_.follow(bridge_->counters());
    bridge_->start();
    started.set_value(true);
    loop_.run();
  }

  bridge_options options_;
  service_dependencies deps_;
  random_source random_;
  bridge_metrics metrics_;
  service_loop loop_;
  std::unique_ptr<event_port> port_;
  std::unique_ptr<bridge> bridge_;
  std::thread thread_;
};

mqtt_service::mqtt_service(std::unique_ptr<impl> parts)
  : impl_(std::move(parts)) {}

mqtt_service::~mqtt_service() {
  stop(duration::zero());
}

result<std::unique_ptr<mqtt_service>>
mqtt_service::start(bridge_options options, service_dependencies deps) {
  if (const auto valid = validate(options); !valid)
    return valid.error();
  auto parts = std::make_unique<impl>(std::move(options), std::move(deps));
  if (!parts->start())
    return error{errc::unavailable, "the node opens no event port for MQTT",
                 "it is shutting down"};
  return std::unique_ptr<mqtt_service>{new mqtt_service{std::move(parts)}};
}

const metrics_source& mqtt_service::metrics() const noexcept {
  return impl_->metrics();
}

void mqtt_service::stop(duration grace) {
  impl_->stop(grace);
}

std::vector<metric_family> describe(const bridge_counters& counters) {
  const auto family = [](const char* name, const char* help,
                         const bridge_counters::counter& value) {
    metric_family made;
    made.name = std::string{"petrel_mqtt_"} + name + "_total";
    made.help = help;
    made.type = metric_family::kind::counter;
    metric_sample sample;
    sample.value = static_cast<double>(value.load(std::memory_order_relaxed));
    made.samples.push_back(std::move(sample));
    return made;
  };
  return {
    family("received", "Messages taken from the broker.", counters.received),
    family("redelivered", "Of these, sent before according to the broker.",
           counters.redelivered),
    family("delivered", "Messages answered by their function.",
           counters.delivered),
    family("replies", "Replies handed to the broker.", counters.replies),
    family("acknowledged", "Messages acknowledged.", counters.acknowledged),
    family("retries", "Repeated submissions of a message.", counters.retries),
    family("failed", "Messages given up, with a line in the log.",
           counters.failed),
    family("voided",
           "Messages whose connection was lost before the "
           "acknowledgement; the broker sends those of QoS 1 again.",
           counters.voided),
    family("discarded", "Messages over the packet limit, skipped.",
           counters.discarded),
    family("connects", "Connections that the broker accepted.",
           counters.connects),
    family("connection_losses",
           "Connections to the broker that ended or "
           "failed.",
           counters.lost),
  };
}

} // namespace faas::mqtt
