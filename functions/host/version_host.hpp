// One function version on this node: instances, admission, faults.
#pragma once

#include "functions/host/call.hpp"
#include "functions/host/executor_pool.hpp"
#include "functions/host/fault_budget.hpp"
#include "functions/host/inline_lanes.hpp"
#include "functions/host/inquiries.hpp"
#include "functions/host/memory_state.hpp"
#include "functions/host/sample_runs.hpp"
#include "libfaas/ports/function_host.hpp"
#include "libfaas/routing/recent_latencies.hpp"

namespace faas::host {

/// Gives the runtime of a version, made with its first use; may block.
using runtime_lookup = std::function<result<function_runtime*>()>;

/// What a host needs of its node.
struct host_settings {
  node_name node;
  uint32_t inline_lanes = 2;
  inline_limits inline_bounds;
  duration load_timeout{};
  uint32_t written_off_per_version = 0;
  uint32_t written_off_per_node = 0;
  duration forgive_after{};
  /// Mode isolated: what a call gets, after its deadline, to end its worker.
  duration over_deadline{};
  std::shared_ptr<inquiries> inquiry; ///< of the node; null: none
  sample_limits samples;
};

/// The function_host of one version. A source of the pool; the pool keeps it
/// until it is closed and drained.
class version_host final : public work_source, public function_host {
public:
  version_host(host_request request, trust_mode mode, host_events events,
               std::shared_ptr<executor_pool> pool, runtime_lookup runtimes,
               const host_settings& settings);

  /// Queues the load job. False when the pool has stopped.
  bool begin_load();
  /// From time to time, one thread: makes and ends instances, leaves the memory
  /// and comes back ahead of need. Does not block. Any `now` is taken.
  void tick(time_point now);

  // function_host
  void submit(invocation&& event, completion&& done) override;
  host_stats stats() const override;
  std::vector<profile_point> profile() const override;
  string_map facts() const override;
  host_probe probe() const override {
    return {inside(), from_ms(lately_.lately_ms(inside()))};
  }
  std::optional<host_load> current_load() const override;
  void rescale(const scale_order& order) override;
  void close(std::function<void()> closed) override;

  // For calls and jobs
  const version_ref& version() const noexcept { return request_.version; }
  void log(log_level level, std::string_view text,
           const call_id* id) const noexcept;
  /// `found`: events that were there when it came.
  void count(const reply& answer, uint32_t found) noexcept;
  uint32_t inside() const noexcept { return waiting() + running(); }
  /// Both under the pool's lock.
  std::unique_ptr<function_instance> take_instance(uint32_t slot,
                                                   bool& pooled) noexcept {
    pooled = fresh_[slot];
    fresh_[slot] = false;
    return std::move(instances_[slot]);
  }
  void give_instance(uint32_t slot, std::unique_ptr<function_instance> instance,
                     duration service) noexcept;
  result<std::unique_ptr<function_instance>> make_instance();
  /// After a failure, while a call runs: quarantines the version if its module
  /// asks for it.
  void check_module() noexcept;
  /// What a call past its deadline gets before its thread is written off.
  duration over_deadline() const noexcept {
    return isolated_ ? settings_.over_deadline : duration{};
  }
  /// How its events are joined; empty rules until it is loaded.
  const batch_rules& batches() const noexcept { return batches_; }
  /// Tells how many events are here before the same servers: of this version, or
  /// of all that share the executors with it. `itself`: 1 for one of them, else 0.
  void tell_queue(reply& answer, uint32_t itself) const noexcept;
  void offer_waiting(work& running) { pool_->offer_waiting(running); }
  batch_share share_of(const invocation& event) const noexcept {
    return module_->share_of(event);
  }
  /// Events that have come, for await_more; not counted without a window.
  uint64_t events_seen();
  /// Waits until more have come than were seen, which it then updates, at most
  /// until then; false: none came.
  bool await_more(uint64_t& seen, time_point until);
  void count_batch(uint32_t events) noexcept;
  /// Why this host takes no events now.
  error refusal() const;
  error given_up(give_up_reason why, bool started) const;
  /// Of an event's wait, what was spent until its code was in memory.
  duration cold_wait(time_point queued, time_point start) const noexcept;
  void count_start(start_kind how) noexcept {
    starts_[static_cast<size_t>(how)].fetch_add(1, std::memory_order_relaxed);
  }
  void load() noexcept;
  void load_given_up(give_up_reason why) noexcept;
  void tear_down() noexcept;
  void end_close() noexcept;
  /// Runs the sample events of the bundle; blocks. Ends soon once `given_up`,
  /// or when the version is closed.
  sample_outcome sample(function_module& module,
                        std::unique_ptr<function_instance>& instance,
                        const std::atomic<bool>& given_up) noexcept;
  void sampled(loaded_parts parts, sample_outcome found) noexcept;
  // The jobs of version_memory.cpp; each ends with one of the latter.
  void come_back(uint64_t number) noexcept;
  void came_back(uint64_t number, result<loaded_parts> parts) noexcept;
  void has_left() noexcept;
  void make_ahead(uint32_t count) noexcept;
  void end_job() noexcept;
  /// A job that was given up still uses the module; or it is back.
  void job_stuck(bool stuck) noexcept {
    stuck ? stuck_jobs_.fetch_add(1) : stuck_jobs_.fetch_sub(1);
  }

private:
  enum class phase : uint8_t { loading, ready, failed, quarantined, closing };

  void thread_lost(uint32_t lost) noexcept override;
  void thread_back() noexcept override;
  void drained() noexcept override;

  result<loaded_parts> load_parts(size_t instances);
  size_t first_instances() const;
  scaling::scale_limits scale_limits() const; ///< takes the mutex
  scaling::scale_limits limits_by(const scale_order& order) const;
  module_events module_calls();
  result<void> publish(loaded_parts made);
  /// Publishes them, once its sample events were run.
  void loaded_parts_ready(loaded_parts parts);
  sample_limits sample_bounds() const;
  void add_sample_facts(string_map& to) const; ///< under the mutex
  void loaded(result<void> outcome) noexcept;
  void refuse(completion&& done, error why) noexcept;
  void enqueue(invocation&& event, completion&& done, time_point now);
  void tell_gatherers();
  void run_inline(inline_lane& lane, invocation&& event, completion&& done,
                  time_point now);
  void withdraw_inline(const std::string& reason);
  void quarantine(std::string reason);
  void try_tear_down() noexcept;
  // version_memory.cpp
  /// A thread that was given up may be inside the module.
  bool in_use() const noexcept { return lost() > 0 || stuck_jobs_.load() > 0; }
  uint32_t instances() const;
  scaling::scale_sample sample() const;
  void leave();
  void wake();
  void place(loaded_parts parts) noexcept;
  void not_back(error why) noexcept;
  /// Waits before it tries to load again, and says why.
  std::optional<error> backing_off(time_point now) const;
  void fit_instances(uint32_t wanted);
  bool due_for_inquiry(time_point now);
  void note_load(duration took, bool worked);
  void add_load_time(scaling::scale_sample& to) const; ///< under the mutex
  void tell_changed(time_point now);
  void weigh(time_point now); ///< its worker processes
  void add_scaling_facts(string_map& to) const; ///< under the mutex

  const host_request request_;
  const host_events events_;
  const host_settings settings_;
  const runtime_lookup runtimes_; ///< outlives module_
  const std::shared_ptr<executor_pool> pool_;
  const bool isolated_;
  std::unique_ptr<function_module> module_; ///< set before phase::ready
  // By slot, under the pool's lock
  std::vector<std::unique_ptr<function_instance>> instances_;
  std::vector<bool> fresh_; ///< made ahead, has run nothing yet
  uint64_t served_ = 0;
  duration service_{}; ///< of those, summed
  batch_rules batches_; ///< set before phase::ready
  std::mutex more_mutex_;
  std::condition_variable more_; ///< an event came; with a window only
  uint64_t events_queued_ = 0;   ///< under more_mutex_
  std::atomic<uint64_t> batches_run_{0}, events_joined_{0};
  inline_lanes lanes_;
  std::atomic<phase> phase_{phase::loading};
  std::atomic<bool> inline_{false};
  std::atomic<bool> load_reported_{false};
  std::atomic<bool> source_drained_{false};
  std::atomic<bool> tearing_down_{false};
  std::atomic<uint64_t> accepted_{0}, answered_{0}, refused_{0}, failed_{0},
    timed_out_{0};
  std::atomic<uint32_t> written_off_{0}, stuck_jobs_{0};
  routing::recent_latencies lately_;
  std::array<std::atomic<uint64_t>, 3> starts_{}; ///< by start_kind
  std::atomic<bool> away_{false}; ///< the code is not in memory; events wait
  std::atomic<int64_t> back_ns_{0}; ///< when it last came back

  mutable std::mutex mutex_; ///< guards what follows
  std::string reason_;       ///< why failed or quarantined
  fault_budget faults_;
  std::vector<profile_point> profile_;
  string_map facts_;
  std::optional<sample_outcome> samples_; ///< once they were run
  memory_state memory_;
  scale_order order_;
  std::optional<scaling::instance_scaler> scaler_; ///< once it is ready
  std::vector<std::function<void()>> closed_;
  bool closed_done_ = false;
};

} // namespace faas::host
