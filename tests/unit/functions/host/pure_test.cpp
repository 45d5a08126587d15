// The decisions of the hosts, without threads.
#include "functions/host/fault_budget.hpp"
#include "functions/host/inline_watch.hpp"
#include "functions/host/trust.hpp"
#include "functions/host/work.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::host;
using namespace std::chrono_literals;

namespace {

function_spec spec_of(runtime_kind runtime, artifact_kind kind,
                      trust_mode mode) {
  function_spec spec;
  spec.name = function_name{"f"};
  spec.petrel.runtime = runtime;
  spec.petrel.kind = kind;
  spec.petrel.mode = mode;
  return spec;
}

const auto native_threads
  = spec_of(runtime_kind::native, artifact_kind::native, trust_mode::threads);

} // namespace

BOOST_AUTO_TEST_SUITE(pure_test)

  BOOST_AUTO_TEST_CASE(trusts_listed_digests_only) {
    digest listed, other;
    listed.bytes[0] = 1;
    const trust_policy policy{{listed}};
    auto mode = admit(policy, native_threads, listed);
    BOOST_REQUIRE(mode);
    BOOST_TEST((*mode == trust_mode::threads));
    auto refused = admit(policy, native_threads, other);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::forbidden));
    BOOST_TEST(
      (refused.error().next_step.find(other.hex()) != std::string::npos));
  }

  BOOST_AUTO_TEST_CASE(development_trusts_everything) {
    BOOST_TEST(bool(admit({{}, true}, native_threads, {})));
  }

  BOOST_AUTO_TEST_CASE(workers_in_a_sandbox_need_no_trust) {
    const auto isolated = spec_of(
      runtime_kind::native, artifact_kind::native, trust_mode::isolated);
    auto given = admit({}, isolated, {});
    BOOST_REQUIRE(given);
    BOOST_TEST((*given == trust_mode::isolated));
  }

  BOOST_AUTO_TEST_CASE(without_a_sandbox_workers_need_trust_or_acceptance) {
    const auto isolated = spec_of(
      runtime_kind::native, artifact_kind::native, trust_mode::isolated);
    trust_policy policy;
    policy.unsandboxed = "no user namespaces";
    auto refused = admit(policy, isolated, {});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::forbidden));
    BOOST_TEST((refused.error().message.find("no user namespaces")
                != std::string::npos));
    BOOST_TEST((refused.error().next_step.find("accept_unsandboxed")
                != std::string::npos));
    policy.digests = {digest{}};
    BOOST_TEST(bool(admit(policy, isolated, {})));
    policy.digests = {};
    policy.accept_unsandboxed = true;
    BOOST_TEST(bool(admit(policy, isolated, {})));
    BOOST_TEST(!admit(policy, native_threads, {}));
  }

  BOOST_AUTO_TEST_CASE(torch_models_are_data_and_run_on_executors) {
    for (const auto mode :
         {trust_mode::isolated, trust_mode::threads, trust_mode::inline_}) {
      auto given = admit(
        {}, spec_of(runtime_kind::torch, artifact_kind::torchscript, mode), {});
      BOOST_REQUIRE(given);
      BOOST_TEST((*given == trust_mode::threads));
    }
  }

  BOOST_AUTO_TEST_CASE(compiled_models_are_native_code) {
    const auto spec
      = spec_of(runtime_kind::torch, artifact_kind::aoti, trust_mode::inline_);
    BOOST_TEST(!admit({}, spec, {}));
    auto given = admit({{}, true}, spec, {});
    BOOST_REQUIRE(given);
    BOOST_TEST((*given == trust_mode::threads));
  }

  BOOST_AUTO_TEST_CASE(lost_threads_count_until_they_are_back_and_forgiven) {
    fault_budget budget{3, 60s};
    const time_point start{};
    budget.lost();
    budget.lost();
    BOOST_TEST(!budget.exhausted(start));
    budget.came_back(start);
    BOOST_TEST(budget.charged(start + 59s) == 2u);
    BOOST_TEST(budget.charged(start + 60s) == 1u);
    budget.lost();
    budget.lost();
    BOOST_TEST(budget.exhausted(start + 61s));
  }

  BOOST_AUTO_TEST_CASE(forgiveness_remembers_no_more_than_it_must) {
    fault_budget budget{2, 60s};
    for (int i = 0; i < 100; ++i) {
      budget.lost();
      budget.came_back(time_point{});
    }
    BOOST_TEST(budget.charged(time_point{} + 1s) == 2u);
    BOOST_TEST(budget.charged(time_point{} + 2min) == 0u);
  }

  BOOST_AUTO_TEST_CASE(one_slow_call_in_a_hundred_is_allowed) {
    inline_watch watch;
    for (uint32_t i = 0; i < 10 * inline_watch::window; ++i)
      BOOST_REQUIRE(!watch.add(i % 100 == 0 ? duration{5ms} : duration{300ns}));
    BOOST_TEST(watch.p99().count() <= 300);
    BOOST_TEST(watch.p99().count() >= 240);
  }

  BOOST_AUTO_TEST_CASE(two_slow_calls_in_a_hundred_are_not) {
    inline_watch watch;
    std::optional<std::string> reason;
    uint32_t calls = 0;
    while (!reason && calls < 2 * inline_watch::window)
      reason = watch.add(calls++ % 50 == 0 ? duration{80us} : duration{300ns});
    BOOST_REQUIRE(reason);
    BOOST_TEST(calls == inline_watch::window);
    BOOST_TEST((reason->find("us (allowed: 50.0 us)") != std::string::npos));
    BOOST_TEST((watch.p99() > 60us));
    BOOST_TEST((watch.p99() <= 80us));
  }

  BOOST_AUTO_TEST_CASE(a_stall_is_told_at_once) {
    inline_watch watch;
    BOOST_TEST(!watch.add(19ms));
    const auto reason = watch.add(20ms);
    BOOST_REQUIRE(reason);
    BOOST_TEST((reason->find("20.0 ms") != std::string::npos));
  }

  BOOST_AUTO_TEST_CASE(any_service_time_falls_into_a_bucket) {
    inline_watch watch{{duration::max(), duration::max()}};
    for (uint32_t i = 0; i < inline_watch::window; ++i)
      BOOST_REQUIRE(!watch.add(duration{int64_t{1} << (i % 63)}));
    for (uint32_t i = 0; i < inline_watch::window; ++i)
      BOOST_REQUIRE(!watch.add(duration{-5}));
    BOOST_TEST(watch.p99().count() <= 5);
  }

  BOOST_AUTO_TEST_CASE(the_floor_is_the_least_of_the_last_windows) {
    service_floor floor;
    BOOST_TEST(floor.value().count() == 0);
    for (int i = 0; i < 31; ++i)
      floor.add(5ms);
    BOOST_TEST(floor.value().count() == 0);
    floor.add(3ms);
    BOOST_TEST((floor.value() == 3ms));
    for (int i = 0; i < 32; ++i)
      floor.add(20ms);
    BOOST_TEST((floor.value() == 20ms)); // the fast ones are forgotten
    floor.add(1ms);
    BOOST_TEST((floor.value() == 1ms));
  }

  BOOST_AUTO_TEST_SUITE_END()
