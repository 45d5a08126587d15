// A runtime whose functions are lambdas of the test.
#pragma once

#include "libfaas/ports/runtime.hpp"

#include <atomic>
#include <functional>

namespace faas::test {

/// What a scripted version does; shared with the test.
struct script {
  std::function<reply(const invocation&, invocation_context&)> invoke;
  std::function<result<void>()> load = [] { return result<void>{}; };
  std::function<result<void>()> create = [] { return result<void>{}; };
  std::vector<profile_point> profile;
  string_map facts;
  std::atomic<int> instances{0}; ///< alive
  std::atomic<int> created{0};
  std::atomic<int> modules{0}; ///< alive
  std::atomic<int> parallel{0}, most_parallel{0};
};

class scripted_instance final : public function_instance {
public:
  explicit scripted_instance(script& plan) : plan_(plan) {
    ++plan_.instances;
    ++plan_.created;
  }
  ~scripted_instance() override { --plan_.instances; }
  reply invoke(const invocation& event,
               invocation_context& context) noexcept override {
    const int now = ++plan_.parallel;
    auto most = plan_.most_parallel.load();
    while (now > most && !plan_.most_parallel.compare_exchange_weak(most, now))
      ;
    auto answer = plan_.invoke(event, context);
    --plan_.parallel;
    return answer;
  }

private:
  script& plan_;
};

class scripted_module final : public function_module {
public:
  explicit scripted_module(script& plan) : plan_(plan) { ++plan_.modules; }
  ~scripted_module() override { --plan_.modules; }
  result<std::unique_ptr<function_instance>> create_instance() override {
    if (auto made = plan_.create(); !made)
      return made.error();
    std::unique_ptr<function_instance> made
      = std::make_unique<scripted_instance>(plan_);
    return made;
  }
  std::vector<profile_point> profile() const override { return plan_.profile; }
  string_map facts() const override { return plan_.facts; }

private:
  script& plan_;
};

/// Loads the script of that function name. The scripts outlive the runtime.
class scripted_runtime final : public function_runtime {
public:
  using finder = std::function<script&(const std::string& name)>;
  explicit scripted_runtime(finder find, runtime_kind kind)
    : find_(std::move(find)), kind_(kind) {}
  runtime_kind kind() const noexcept override { return kind_; }
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override {
    auto& plan = find_(request.version.function.str());
    if (auto ready = plan.load(); !ready)
      return ready.error();
    std::unique_ptr<function_module> made
      = std::make_unique<scripted_module>(plan);
    return made;
  }

private:
  finder find_;
  runtime_kind kind_;
};

} // namespace faas::test
