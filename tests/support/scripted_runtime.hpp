// A runtime whose functions are lambdas of the test.
#pragma once

#include "libfaas/ports/runtime.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>

namespace faas::test {

/// What a scripted version does; shared with the test. Whoever runs it owns it,
/// too: a load or a call that was given up may end after the test.
struct script {
  std::function<reply(const invocation&, invocation_context&)> invoke;
  std::function<result<void>()> load = [] { return result<void>{}; };
  std::function<result<void>()> create = [] { return result<void>{}; };
  std::function<void()> unload = [] {}; ///< a module goes
  std::vector<profile_point> profile;
  string_map facts;
  batching batches; ///< joined events come to `together`
  std::function<batch_share(const invocation&)> share
    = [](const invocation&) { return batch_share{1, 0}; };
  std::function<duration(uint32_t)> batch_time
    = [](uint32_t) { return duration::zero(); };
  std::function<void(std::span<const invocation* const>,
                     std::span<invocation_context* const>, std::span<reply>)>
    together;
  std::atomic<int> instances{0}; ///< alive
  std::atomic<int> created{0};
  std::atomic<int> modules{0}; ///< alive
  std::atomic<int> loaded{0};  ///< modules ever made
  std::atomic<int> parallel{0}, most_parallel{0};
};

/// Scripts by the function's name. Thread safe.
class scripts_by_name {
public:
  /// Made when it is asked for first.
  script& operator[](const std::string& name) {
    const std::lock_guard lock{mutex_};
    auto& one = scripts_[name];
    if (!one)
      one = std::make_shared<script>();
    return *one;
  }
  std::shared_ptr<script> at(const std::string& name) const {
    const std::lock_guard lock{mutex_};
    return scripts_.at(name);
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<script>> scripts_;
};

class scripted_instance final : public function_instance {
public:
  explicit scripted_instance(std::shared_ptr<script> plan)
    : plan_(std::move(plan)) {
    ++plan_->instances;
    ++plan_->created;
  }
  ~scripted_instance() override { --plan_->instances; }
  reply invoke(const invocation& event,
               invocation_context& context) noexcept override {
    const int now = ++plan_->parallel;
    auto most = plan_->most_parallel.load();
    while (now > most && !plan_->most_parallel.compare_exchange_weak(most, now))
      ;
    auto answer = plan_->invoke(event, context);
    --plan_->parallel;
    return answer;
  }

  void invoke_batch(std::span<const invocation* const> events,
                    std::span<invocation_context* const> contexts,
                    std::span<reply> answers) noexcept override {
    if (plan_->together)
      plan_->together(events, contexts, answers);
    else
      function_instance::invoke_batch(events, contexts, answers);
  }

private:
  std::shared_ptr<script> plan_;
};

class scripted_module final : public function_module {
public:
  explicit scripted_module(std::shared_ptr<script> plan)
    : plan_(std::move(plan)) {
    ++plan_->modules;
    ++plan_->loaded;
  }
  ~scripted_module() override {
    plan_->unload();
    --plan_->modules;
  }
  result<std::unique_ptr<function_instance>> create_instance() override {
    if (auto made = plan_->create(); !made)
      return made.error();
    std::unique_ptr<function_instance> made
      = std::make_unique<scripted_instance>(plan_);
    return made;
  }
  std::vector<profile_point> profile() const override { return plan_->profile; }
  string_map facts() const override { return plan_->facts; }
  batching batches() const override { return plan_->batches; }
  batch_share share_of(const invocation& event) const noexcept override {
    return plan_->share(event);
  }
  duration batch_time(uint32_t items) const noexcept override {
    return plan_->batch_time(items);
  }

private:
  std::shared_ptr<script> plan_;
};

/// Loads the script of that function name.
class scripted_runtime final : public function_runtime {
public:
  scripted_runtime(std::shared_ptr<const scripts_by_name> scripts,
                   runtime_kind kind)
    : scripts_(std::move(scripts)), kind_(kind) {}
  runtime_kind kind() const noexcept override { return kind_; }
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override {
    const auto plan = scripts_->at(request.version.function.str());
    if (auto ready = plan->load(); !ready)
      return ready.error();
    std::unique_ptr<function_module> made
      = std::make_unique<scripted_module>(plan);
    return made;
  }

private:
  std::shared_ptr<const scripts_by_name> scripts_;
  runtime_kind kind_;
};

} // namespace faas::test
