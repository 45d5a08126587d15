#include "functions/host/node_hosts.hpp"

#include "functions/host/version_host.hpp"

#include <map>

namespace faas::host {
namespace {

/// Runtimes by kind, made on first use. Shared with the hosts, whose modules
/// must not outlive their runtime. Thread safe once filled.
class runtime_set {
public:
  void add(runtime_kind kind, runtime_factory factory) {
    entries_[kind].make = std::move(factory);
  }
  bool has(runtime_kind kind) const { return entries_.contains(kind); }

  /// Blocks while another thread makes the same runtime.
  result<function_runtime*> get(runtime_kind kind) {
    auto& entry = entries_.at(kind);
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
  std::map<runtime_kind, entry> entries_;
};

} // namespace

struct node_function_hosts::state {
  node_hosts_config config;
  std::shared_ptr<executor_pool> pool;
  std::shared_ptr<runtime_set> runtimes = std::make_shared<runtime_set>();
};

node_function_hosts::node_function_hosts(node_hosts_config config)
  : state_(std::make_unique<state>()) {
  state_->pool = executor_pool::start({config.threads, "exec", config.log});
  state_->config = std::move(config);
}

node_function_hosts::~node_function_hosts() {
  stop(duration::zero());
}

void node_function_hosts::add_runtime(runtime_kind kind,
                                      runtime_factory factory) {
  state_->runtimes->add(kind, std::move(factory));
}

result<std::shared_ptr<function_host>>
node_function_hosts::open(host_request request, host_events events) {
  const auto kind = request.spec.petrel.runtime;
  const auto& config = state_->config;
  auto mode = admit(config.trust, request.spec, request.bundle);
  if (!mode)
    return mode.error();
  if (!state_->runtimes->has(kind))
    return error{errc::bad_bundle,
                 "this node has no runtime \"" + std::string{name(kind)} + "\"",
                 "deploy to a node that has it, or build Petrel with it"};
  const host_settings settings{config.node,
                               config.gateway_loops,
                               config.inline_bounds,
                               config.load_timeout,
                               config.written_off_per_version,
                               config.written_off_per_node,
                               config.forgive_after};
  auto host = std::make_shared<version_host>(
    std::move(request), *mode, std::move(events), state_->pool,
    [set = state_->runtimes](runtime_kind kind) { return set->get(kind); },
    settings);
  state_->pool->add(host);
  if (!host->begin_load()) {
    host->close(nullptr);
    return error{errc::shutting_down, "the node is stopping", ""};
  }
  // The pool keeps the host; a caller who drops it closes it.
  auto* face = static_cast<function_host*>(host.get());
  return std::shared_ptr<function_host>{
    face, [host = std::move(host)](function_host*) mutable {
      host->close(nullptr);
      host.reset();
    }};
}

uint32_t node_function_hosts::executor_threads() const {
  return state_->pool->threads();
}

void node_function_hosts::stop(duration grace) {
  state_->pool->stop(grace);
}

} // namespace faas::host
