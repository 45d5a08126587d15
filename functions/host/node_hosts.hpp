// The function hosts of a node.
#pragma once

#include "functions/host/inline_watch.hpp"
#include "functions/host/sample_runs.hpp"
#include "functions/host/trust.hpp"
#include "libfaas/core/limits.hpp"
#include "libfaas/ports/function_host.hpp"

#include <memory>

namespace faas::host {

class version_host;

struct node_hosts_config {
  node_name node;
  /// Executor threads: the thread budget of blocking functions.
  uint32_t threads = 2;
  /// Threads that wait for functions in other processes: how many of their
  /// calls run at once. Started with the first such function.
  uint32_t waiting_threads = 32;
  /// Gateway loops: an inline function gets one instance for each.
  uint32_t gateway_loops = 2;
  trust_policy trust;
  inline_limits inline_bounds;
  /// Time that loading a version may take, warm-up included.
  duration load_timeout = std::chrono::seconds{120};
  uint32_t written_off_per_version = limits::written_off_threads;
  /// Threads that the node may miss before any version that loses another one
  /// is quarantined at once.
  uint32_t written_off_per_node = 16;
  /// A lost thread that came back is forgiven after this time.
  duration forgive_after = std::chrono::seconds{60};
  /// What a call in a worker process gets, after its deadline, to be ended.
  duration over_deadline = std::chrono::seconds{30};
  /// How often each version's instances are looked at, on one thread that begins
  /// with the first open(). Zero: the owner calls tick().
  duration tick_every = std::chrono::milliseconds{250};
  /// A version that has been out of memory for so long is loaded to see how long
  /// that takes, see inquiries. Zero: never.
  duration inquire_after{};
  /// Bounds of the sample events of one load.
  sample_limits samples;
  /// Lines about the node's executors; any thread. May be empty.
  std::function<void(std::string)> log;
};

/// Makes a runtime; called with the first bundle of its kind, on an executor.
using runtime_factory
  = std::function<result<std::unique_ptr<function_runtime>>()>;

/// The function_hosts of a node: owns the runtimes and the executors.
class node_function_hosts final : public function_hosts {
public:
  explicit node_function_hosts(node_hosts_config config);
  ~node_function_hosts() override; ///< stops without grace if still running

  /// Before the first open(). A factory that fails is asked again by the next
  /// bundle. For the modes that run in this process.
  void add_runtime(runtime_kind kind, runtime_factory factory);
  /// The same for mode isolated: a runtime whose instances wait for other
  /// processes. Its calls end by themselves soon after their deadline.
  void add_worker_runtime(runtime_kind kind, runtime_factory factory);

  result<std::shared_ptr<function_host>> open(host_request request,
                                              host_events events) override;
  host_threads threads() const override;
  /// Looks at all versions, see version_host::tick(). Any time is taken; one
  /// thread at a time.
  void tick(time_point now);

  /// Answers what waits with errc::shutting_down, lets what runs end within
  /// `grace`, then leaves it behind. Blocks. Close the hosts first for a drain.
  void stop(duration grace);

private:
  void add(runtime_kind kind, bool in_workers, runtime_factory factory);
  void watch(const std::shared_ptr<version_host>& host);

  struct state;
  std::unique_ptr<state> state_;
};

} // namespace faas::host
