#include "functions/host/node_hosts.hpp"

#include "functions/host/ticker.hpp"
#include "functions/host/version_host.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace faas::host {
namespace {

/// A runtime and whether its instances are in other processes.
struct runtime_key {
  runtime_kind kind;
  bool in_workers;
  auto operator<=>(const runtime_key&) const = default;
};

/// Runtimes, made on first use. Shared with the hosts, whose modules must not
/// outlive their runtime. Thread safe once filled.
class runtime_set {
public:
  void add(runtime_key key, runtime_factory factory) {
    entries_[key].make = std::move(factory);
  }
  bool has(runtime_key key) const { return entries_.contains(key); }

  /// Blocks while another thread makes the same runtime.
  result<function_runtime*> get(runtime_key key) {
    auto& entry = entries_.at(key);
    const std::lock_guard lock{entry.mutex};
    if (!entry.runtime) {
      auto made = entry.make();
      if (!made)
        return made.error();
      entry.runtime = std::move(*made);
    }
    return entry.runtime.get();
  }

private:
  struct entry {
    std::mutex mutex;
    runtime_factory make;
    std::unique_ptr<function_runtime> runtime;
  };
  std::map<runtime_key, entry> entries_;
};

host_settings settings_of(const node_hosts_config& config,
                          std::shared_ptr<inquiries> inquiry) {
  return {config.node,
          config.gateway_loops,
          config.inline_bounds,
          config.load_timeout,
          config.written_off_per_version,
          config.written_off_per_node,
          config.forgive_after,
          config.over_deadline,
          std::move(inquiry),
          config.samples};
}

} // namespace

struct node_function_hosts::state {
  node_hosts_config config;
  std::shared_ptr<executor_pool> pool;
  std::shared_ptr<runtime_set> runtimes = std::make_shared<runtime_set>();
  std::shared_ptr<inquiries> inquiry;
  std::mutex mutex; ///< guards what follows
  std::shared_ptr<executor_pool> waiting; ///< made when it is needed
  bool stopped = false;
  std::vector<std::weak_ptr<version_host>> versions; ///< for tick()
  ticker clock;

  /// The threads for a version; null when the node stops.
  std::shared_ptr<executor_pool> pool_for(bool in_workers) {
    if (!in_workers)
      return pool;
    const std::lock_guard lock{mutex};
    if (!waiting && !stopped)
      waiting = executor_pool::start(
        {config.waiting_threads, "wait", config.log});
    return waiting;
  }
};

node_function_hosts::node_function_hosts(node_hosts_config config)
  : state_(std::make_unique<state>()) {
  state_->pool = executor_pool::start({config.threads, "exec", config.log});
  if (config.inquire_after > duration::zero())
    state_->inquiry = std::make_shared<inquiries>(config.inquire_after);
  state_->config = std::move(config);
}

node_function_hosts::~node_function_hosts() {
  stop(duration::zero());
}

void node_function_hosts::add_runtime(runtime_kind kind,
                                      runtime_factory factory) {
  add(kind, false, std::move(factory));
}

void node_function_hosts::add_worker_runtime(runtime_kind kind,
                                             runtime_factory factory) {
  add(kind, true, std::move(factory));
}

void node_function_hosts::add(runtime_kind kind, bool in_workers,
                              runtime_factory factory) {
  state_->runtimes->add({kind, in_workers}, std::move(factory));
}

result<std::shared_ptr<function_host>>
node_function_hosts::open(host_request request, host_events events) {
  const auto& config = state_->config;
  auto mode = admit(config.trust, request.spec, request.bundle);
  if (!mode)
    return mode.error();
  const runtime_key key{request.spec.petrel.runtime,
                        *mode == trust_mode::isolated};
  if (!state_->runtimes->has(key))
    return error{errc::bad_bundle,
                 "this node has no runtime \"" + std::string{name(key.kind)}
                   + "\" for mode " + std::string{name(*mode)},
                 "deploy to a node that has it, or build Petrel with it"};
  const error stopping{errc::shutting_down, "the node is stopping", ""};
  auto pool = state_->pool_for(key.in_workers);
  if (!pool)
    return stopping;
  auto host = std::make_shared<version_host>(
    std::move(request), *mode, std::move(events), pool,
    [set = state_->runtimes, key] { return set->get(key); },
    settings_of(config, state_->inquiry));
  pool->add(host);
  watch(host);
  if (!host->begin_load()) {
    host->close(nullptr);
    return stopping;
  }
  // The pool keeps the host; a caller who drops it closes it.
  auto* face = static_cast<function_host*>(host.get());
  return std::shared_ptr<function_host>{
    face, [host = std::move(host)](function_host*) mutable {
      host->close(nullptr);
      host.reset();
    }};
}

void node_function_hosts::watch(const std::shared_ptr<version_host>& host) {
  const std::lock_guard lock{state_->mutex};
  state_->versions.push_back(host);
  const auto every = state_->config.tick_every;
  if (every > duration::zero() && !state_->stopped && !state_->clock.running())
    state_->clock.start(every, [this](time_point now) { tick(now); });
}

void node_function_hosts::tick(time_point now) {
  std::vector<std::shared_ptr<version_host>> all;
  {
    const std::lock_guard lock{state_->mutex};
    std::erase_if(state_->versions, [&](const auto& each) {
      if (auto host = each.lock())
        all.push_back(std::move(host));
      else
        return true;
      return false;
    });
  }
  for (const auto& host : all)
    host->tick(now);
}

host_threads node_function_hosts::threads() const {
  return {state_->pool->threads(), state_->config.waiting_threads};
}

void node_function_hosts::stop(duration grace) {
  const auto until = std::chrono::steady_clock::now() + grace;
  {
    const std::lock_guard lock{state_->mutex};
    state_->stopped = true; // no new clock
  }
  state_->clock.stop();
  state_->pool->stop(grace);
  std::shared_ptr<executor_pool> waiting;
  {
    const std::lock_guard lock{state_->mutex};
    waiting = state_->waiting;
  }
  if (waiting)
    waiting->stop(std::max<duration>(
      until - std::chrono::steady_clock::now(), duration::zero()));
}

} // namespace faas::host
