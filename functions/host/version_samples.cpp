// Sample events between load and readiness of a version.
//
// They are a job of their own, with its own deadline: a sample that does not
// come back costs a thread, as an event would, but not the version.
#include "functions/host/version_host.hpp"
#include "libfaas/manifest/event_size.hpp"

#include <algorithm>

namespace faas::host {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

/// What the job gets beyond the bounds of its runs, to end instances and, where
/// they are processes, to start them.
constexpr duration in_process_slack = 1s, worker_slack = 5s;

/// Tells its outcome once: when it is over, or when it is given up.
class sample_job final : public work {
public:
  sample_job(std::shared_ptr<version_host> host, loaded_parts parts,
             duration time)
    : work(clock::now() + time), host_(std::move(host)),
      parts_(std::move(parts)), module_(*parts_.module) {
    if (parts_.instances.empty())
      return;
    instance_ = std::move(parts_.instances.back());
    parts_.instances.pop_back();
  }

  void run(uint32_t) noexcept override {
    auto found = host_->sample(module_, instance_, given_up_);
    if (ended_.exchange(true)) {
      instance_.reset(); // before its module may go
      return host_->job_stuck(false);
    }
    if (instance_)
      parts_.instances.push_back(std::move(instance_));
    host_->sampled(std::move(parts_), std::move(found));
  }

  void give_up(give_up_reason why, bool started) noexcept override {
    given_up_.store(true);
    if (started) // run() goes on: the module must stay until it is back
      host_->job_stuck(true);
    else if (instance_)
      parts_.instances.push_back(std::move(instance_));
    if (!ended_.exchange(true))
      host_->sampled(std::move(parts_),
                     {{},
                      {why == give_up_reason::shutdown
                         ? "all: the node stops"
                         : started ? "all: one of them did not end"
                                   : "all: no executor was free for them"},
                      {}});
    else if (started)
      host_->job_stuck(false);
  }

private:
  const std::shared_ptr<version_host> host_; ///< outlives what follows
  loaded_parts parts_; ///< of whoever sets ended_
  function_module& module_;
  std::unique_ptr<function_instance> instance_; ///< run()'s, once it has begun
  std::atomic<bool> given_up_{false}, ended_{false};
};

} // namespace

void version_host::loaded_parts_ready(loaded_parts parts) {
  const auto& wanted = request_.spec.petrel.samples;
  // What measures itself at load is warm, and knows more sizes.
  bool run = !wanted.empty() && parts.module->profile().empty();
  if (run) {
    const std::lock_guard lock{mutex_};
    run = phase_.load() == phase::loading;
    memory_.job = memory_.job || run; // a close waits for its end
  }
  if (!run)
    return loaded(publish(std::move(parts)));
  const auto bounds = sample_bounds();
  const auto time
    = bounds.all + bounds.each + (isolated_ ? worker_slack : in_process_slack);
  auto self = std::static_pointer_cast<version_host>(shared_from_this());
  const work_ptr job{new sample_job{std::move(self), std::move(parts), time}};
  if (!pool_->run_job(job))
    job->give_up(give_up_reason::shutdown, false);
}

sample_limits version_host::sample_bounds() const {
  auto bounds = settings_.samples;
  bounds.each = std::min<duration>(bounds.each, request_.spec.petrel.timeout);
  return bounds;
}

sample_outcome
version_host::sample(function_module& module,
                     std::unique_ptr<function_instance>& instance,
                     const std::atomic<bool>& given_up) noexcept {
  std::vector<std::string> missing;
  auto samples = read_samples(request_.spec, request_.folder, missing);
  for (auto& each : samples) {
    each.event.version = request_.version.version;
    each.event.size = event_size(request_.spec.petrel.size, each.event);
  }
  const sample_bench bench{
    [] { return clock::now(); },
    [&] { return given_up.load() || phase_.load() != phase::loading; },
    [this](log_level level, std::string_view text, const call_id* id) {
      log(level, text, id);
    },
    [&] { return module.create_instance(); }};
  auto found = run_samples(samples, instance, bench, sample_bounds());
  found.left_out.insert(found.left_out.begin(), missing.begin(), missing.end());
  return found;
}

void version_host::sampled(loaded_parts parts, sample_outcome found) noexcept {
  for (const auto& line : found.left_out)
    log(log_level::warning, "sample event left out: " + line, nullptr);
  {
    const std::lock_guard lock{mutex_};
    samples_ = std::move(found);
    // Closed meanwhile, and a thread may be inside: it goes with this object.
    if (phase_.load() != phase::loading && in_use())
      module_ = std::move(parts.module);
  }
  const bool kept = parts.module == nullptr;
  auto outcome = kept ? result<void>{} : publish(std::move(parts));
  end_job();
  if (!kept)
    loaded(std::move(outcome));
}

void version_host::add_sample_facts(string_map& to) const {
  const auto wanted = request_.spec.petrel.samples.size();
  if (samples_)
    to.merge(sample_facts(*samples_, wanted));
  else if (wanted > 0)
    to["samples"] = "not run: what is loaded has measured itself";
}

} // namespace faas::host
