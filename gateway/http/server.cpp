#include "gateway/http/server.hpp"

#include "gateway/api/api.hpp"
#include "gateway/http/acceptor.hpp"
#include "gateway/http/gateway_metrics.hpp"
#include "gateway/http/loop.hpp"

#include <future>
#include <random>
#include <thread>

namespace faas::http {
namespace {

constexpr uint32_t max_loops = 256;

result<void> validate(const server_config& config) {
  if (config.loops == 0 || config.loops > max_loops)
    return error{errc::invalid_argument,
                 "the number of gateway loops must be 1 to "
                   + std::to_string(max_loops),
                 "use one or two per node"};
  if (config.max_connections == 0 || config.max_pending == 0
      || config.header_bytes < 1024)
    return error{errc::invalid_argument,
                 "a limit of the gateway is zero or too small",
                 "max_connections and max_pending >= 1, header_bytes >= 1024"};
  return {};
}

} // namespace

struct http_server::impl {
  impl(server_config c, server_deps d)
    : config(std::move(c)), deps(std::move(d)),
      metrics(loops, refused_connections),
      api(api::make_api({deps.admin, deps.bundles, deps.clock, sources(),
                         deps.is_admin, config.version, config.log_follow,
                         deps.authority, deps.porter, deps.decisions})),
      shared{config, deps, *api, {}, refused_connections} {}

  result<void> start();
  void stop(duration grace);
  void join();
  std::vector<const metrics_source*> sources() const {
    auto all = deps.metrics;
    all.push_back(&metrics);
    return all;
  }

  server_config config;
  server_deps deps;
  std::vector<std::unique_ptr<http_loop>> loops;
  std::atomic<uint64_t> refused_connections{0};
  gateway_metrics metrics;
  std::unique_ptr<api::gateway_api> api;
  loop_shared shared;
  std::unique_ptr<acceptor> listener;
  std::vector<std::thread> threads;
  std::mutex mutex; ///< running, ended
  std::condition_variable ended;
  size_t running = 0;
  bool stopped = false;
};

result<void> http_server::impl::start() {
  if (auto valid = validate(config); !valid)
    return valid;
  std::random_device entropy;
  for (uint32_t i = 0; i < config.loops; ++i)
    loops.push_back(std::make_unique<http_loop>(
      shared, static_cast<uint64_t>(entropy()) << 32 | entropy()));
  auto opened = acceptor::open(config, shared, loops);
  if (!opened)
    return opened.error();
  listener = std::move(*opened);
  bool all = true;
  for (auto& loop : loops) {
    std::promise<bool> started;
    {
      const std::lock_guard guard{mutex};
      ++running;
    }
    threads.emplace_back([this, &loop, &started] {
      loop->run([&started](bool ok) { started.set_value(ok); });
      const auto guard = std::lock_guard{mutex};
      --running;
      ended.notify_all();
    });
    all = started.get_future().get() && all;
  }
  if (!all) {
    stop({});
    return error{errc::unavailable, "the node opened no event port",
                 "it is shutting down; start it again"};
  }
  loops.front()->post([this] { listener->start(); });
  return {};
}

void http_server::impl::stop(duration grace) {
  if (std::exchange(stopped, true))
    return;
  if (!loops.empty())
    loops.front()->post([this] { listener->close(); });
  for (auto& loop : loops)
    loop->begin_drain();
  {
    auto guard = std::unique_lock{mutex};
    ended.wait_for(guard, grace, [this] { return running == 0; });
  }
  for (auto& loop : loops)
    loop->force();
  join();
  api->stop();
}

void http_server::impl::join() {
  for (auto& thread : threads)
    thread.join();
  threads.clear();
}

http_server::http_server(std::unique_ptr<impl> parts)
  : impl_(std::move(parts)) {}

http_server::~http_server() {
  impl_->stop({});
}

result<std::unique_ptr<http_server>> http_server::start(server_config config,
                                                        server_deps deps) {
  auto parts = std::make_unique<impl>(std::move(config), std::move(deps));
  if (auto started = parts->start(); !started)
    return started.error();
  return std::unique_ptr<http_server>{new http_server{std::move(parts)}};
}

uint16_t http_server::port() const noexcept {
  return impl_->listener->port();
}

const metrics_source& http_server::metrics() const noexcept {
  return impl_->metrics;
}

void http_server::stop(duration grace) {
  impl_->stop(grace);
}

} // namespace faas::http
