#include "gateway/mqtt/service.hpp"

#include "libfaas/ports/event_port.hpp"

#include <utility> // before Boost.Asio 1.74, which forgets it in C++20

#include <boost/asio.hpp>

#include <future>
#include <thread>

namespace faas::mqtt {
namespace {

namespace net = boost::asio;

/// The seam's view of the bridge's loop. Its lag is not measured: MQTT events
/// never run inline for long, and their answers go to the broker.
class bridge_loop final : public loop_context {
public:
  explicit bridge_loop(net::io_context& io) : io_(io) {}
  bool post(std::function<void()> task) override {
    if (io_.stopped())
      return false;
    net::post(io_, std::move(task));
    return true;
  }
  bool in_loop() const noexcept override {
    return io_.get_executor().running_in_this_thread();
  }
  duration lag() const noexcept override { return {}; }

private:
  net::io_context& io_;
};

class bridge_metrics final : public metrics_source {
public:
  explicit bridge_metrics(const bridge_counters& counters)
    : counters_(counters) {}

  std::vector<metric_family> collect() const override {
    const std::pair<const char*, const bridge_counters::counter*> all[] = {
      {"received", &counters_.received},
      {"redelivered", &counters_.redelivered},
      {"delivered", &counters_.delivered},
      {"replies", &counters_.replies},
      {"acknowledged", &counters_.acknowledged},
      {"retries", &counters_.retries},
      {"failed", &counters_.failed},
      {"voided", &counters_.voided},
      {"discarded", &counters_.discarded},
      {"connects", &counters_.connects},
      {"lost_connections", &counters_.lost},
    };
    metric_family family{"petrel_mqtt_total",
                         "What became of MQTT messages and connections.",
                         metric_family::kind::counter, {}, {}};
    for (const auto& [what, counter] : all) {
      metric_sample sample;
      sample.labels = {{"what", what}};
      sample.value
        = static_cast<double>(counter->load(std::memory_order_relaxed));
      family.samples.push_back(std::move(sample));
    }
    return {std::move(family)};
  }

private:
  const bridge_counters& counters_;
};

} // namespace

struct service::impl {
  explicit impl(uint64_t seed) : random(seed) {}

  net::io_context io{1};
  bridge_loop context{io};
  random_source random;
  std::unique_ptr<event_port> port;
  std::unique_ptr<bridge> mqtt;
  std::unique_ptr<bridge_metrics> metrics;
  std::optional<net::executor_work_guard<net::io_context::executor_type>> work;
  std::thread thread;
};

service::service(std::unique_ptr<impl> parts) : impl_(std::move(parts)) {}

result<std::unique_ptr<service>> service::start(bridge_options options,
                                                service_deps deps) {
  if (auto valid = validate(options); !valid)
    return valid.error();
  auto parts = std::make_unique<impl>(deps.seed);
  parts->port = deps.events.open(parts->context);
  if (!parts->port)
    return error{errc::unavailable, "the node opens no event port for MQTT",
                 "it is shutting down"};
  parts->mqtt = std::make_unique<bridge>(
    std::move(options),
    bridge::dependencies{parts->io, parts->context, *parts->port, deps.clock,
                         parts->random, deps.log});
  parts->metrics = std::make_unique<bridge_metrics>(parts->mqtt->counters());
  parts->work.emplace(parts->io.get_executor());
  net::post(parts->io, [bridge = parts->mqtt.get()] { bridge->start(); });
  auto made = std::unique_ptr<service>{new service(std::move(parts))};
  made->impl_->thread = std::thread{[io = &made->impl_->io] { io->run(); }};
  return made;
}

service::~service() {
  stop(duration{});
}

const metrics_source& service::metrics() const noexcept {
  return *impl_->metrics;
}

void service::stop(duration grace) {
  auto& parts = *impl_;
  if (!parts.thread.joinable())
    return;
  auto ended = std::make_shared<std::promise<void>>();
  net::post(parts.io, [&parts, grace, ended] {
    parts.mqtt->stop(grace, [&parts, ended] {
      // On the loop's thread: port and bridge belong to it.
      net::post(parts.io, [&parts, ended] {
        parts.port.reset();
        ended->set_value();
      });
    });
  });
  ended->get_future().wait_for(grace + std::chrono::seconds{2});
  parts.work.reset();
  parts.io.stop();
  parts.thread.join();
}

} // namespace faas::mqtt
