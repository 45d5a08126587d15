#include "functions/isolated/version_workers.hpp"

namespace faas::isolated {

using clock = std::chrono::steady_clock;

namespace {

/// One worker process as the host sees it.
class isolated_instance final : public function_instance {
public:
  isolated_instance(std::shared_ptr<version_workers> version,
                    std::unique_ptr<worker_process> worker, uint64_t seen)
    : version_(std::move(version)), worker_(std::move(worker)), seen_(seen) {}
  ~isolated_instance() override { replace(nullptr); }

  bool usable() noexcept override { return worker_->alive(); }

  reply invoke(const invocation& event,
               invocation_context& context) noexcept override {
    try {
      auto ended = worker_->call(event, changes(), context);
      if (ended.how == outcome::kind::died && !ended.begun) {
        // It died since the event before, and nobody had noticed.
        version_->died(ended.what);
        auto fresh = version_->start_worker();
        if (!fresh)
          return reply::failure(fresh.error());
        replace(std::move(*fresh));
        ended = worker_->call(event, {}, context);
      }
      return answer_of(std::move(ended));
    } catch (const std::exception& e) { // our own: out of memory
      return reply::failure({errc::internal, e.what(), "see the node's log"});
    }
  }

private:
  void replace(std::unique_ptr<worker_process> with) {
    const auto pid = worker_->pid();
    worker_ = std::move(with);
    version_->gone(pid);
  }

  std::vector<std::string> changes() {
    const auto* secrets = version_->secrets();
    if (!secrets || secrets->changes() == seen_)
      return {};
    const auto now = secrets->changes();
    return secrets->changed_since(std::exchange(seen_, now));
  }

  reply answer_of(outcome&& ended) {
    switch (ended.how) {
    case outcome::kind::answered:
      version_->served();
      return std::move(ended.answer);
    case outcome::kind::late:
    case outcome::kind::hung:
      return reply::failure({errc::deadline_exceeded,
                             "the function did not answer within its deadline",
                             "make it faster or raise petrel.timeout"});
    case outcome::kind::too_large:
      return reply::failure({errc::too_large, std::move(ended.what),
                             "send less, or raise petrel.max_body"});
    case outcome::kind::died:
    case outcome::kind::corrupted:
      break;
    }
    version_->died(ended.what);
    return reply::failure({errc::outcome_unknown,
                           version_->name() + " did not end the event: "
                             + ended.what,
                           "the event may have had effects: repeat it if it is "
                           "idempotent; see the function's log"});
  }

  std::shared_ptr<version_workers> version_;
  std::unique_ptr<worker_process> worker_;
  uint64_t seen_; ///< changes of secrets that the worker knows
};

} // namespace

version_workers::version_workers(std::shared_ptr<const isolated_config> config,
                                 version_ref version, create_request about,
                                 std::optional<sandbox::plan> plan,
                                 std::shared_ptr<const secret_folder> secrets)
  : config_(std::move(config)), version_(std::move(version)),
    about_(std::move(about)), plan_(std::move(plan)),
    secrets_(std::move(secrets)), budget_(config_->crashes) {}

result<std::unique_ptr<function_instance>> version_workers::make_instance() {
  // What changes from here on is told to the instance.
  const auto seen = secrets_ ? secrets_->changes() : 0;
  auto started = start_worker();
  if (!started)
    return started.error();
  std::unique_ptr<function_instance> made = std::make_unique<isolated_instance>(
    shared_from_this(), std::move(*started), seen);
  return made;
}

result<std::unique_ptr<worker_process>> version_workers::start_worker() {
  if (auto ready = wait_for_turn(); !ready)
    return ready.error();
  auto started = worker_process::start(config_->worker, about_, plan_);
  if (!started) {
    if (started.error().code == errc::bad_bundle)
      died(started.error().message);
    return started.error();
  }
  const std::lock_guard lock{mutex_};
  pids_.insert((*started)->pid());
  abi_ = (*started)->abi();
  return started;
}

result<void> version_workers::wait_for_turn() {
  std::unique_lock lock{mutex_};
  while (trouble_.empty() && clock::now() < budget_.not_before())
    turn_.wait_until(lock, budget_.not_before());
  if (!trouble_.empty())
    return error{errc::quarantined, trouble_,
                 "mend it and deploy a new version"};
  return {};
}

string_map version_workers::facts() const {
  string_map all;
  all["isolation"] = "a worker process for each instance";
  if (config_->sandbox)
    for (const auto& [name, how] : *config_->sandbox)
      all["sandbox." + name] = how;
  else
    all["sandbox"] = "none";
  const std::lock_guard lock{mutex_};
  if (!abi_.empty())
    all["abi"] = abi_;
  std::string pids;
  for (const auto pid : pids_)
    pids += (pids.empty() ? "" : " ") + std::to_string(pid);
  all["workers"] = pids.empty() ? "none" : pids;
  return all;
}

std::string version_workers::trouble() const {
  const std::lock_guard lock{mutex_};
  return trouble_;
}

void version_workers::served() {
  if (!unhappy_.load(std::memory_order_relaxed)) [[likely]]
    return;
  const std::lock_guard lock{mutex_};
  budget_.served();
  unhappy_.store(false, std::memory_order_relaxed);
}

void version_workers::died(const std::string& how) {
  const std::lock_guard lock{mutex_};
  unhappy_.store(true, std::memory_order_relaxed);
  budget_.died(clock::now());
  if (!budget_.exhausted() || !trouble_.empty())
    return;
  trouble_ = version_.function.str() + " version "
             + std::to_string(version_.version) + " was stopped: its workers "
             + "died " + std::to_string(budget_.in_a_row())
             + " times in a row; the last time, " + how;
  turn_.notify_all();
}

void version_workers::gone(pid_t pid) {
  const std::lock_guard lock{mutex_};
  pids_.erase(pid);
}

} // namespace faas::isolated
