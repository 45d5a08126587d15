// Which changes of a manifest leave the work as it was.
#include "libfaas/manifest/work.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>

using namespace faas;

namespace {

function_spec plain() {
  function_spec spec;
  spec.name = function_name{"classify"};
  spec.petrel.artifact = "classify.so";
  return spec;
}

bool same_after(const std::function<void(function_spec&)>& change) {
  auto other = plain();
  change(other);
  BOOST_TEST((other != plain())); // there was a change
  return work_of(other) == work_of(plain());
}

} // namespace

BOOST_AUTO_TEST_SUITE(work_test)

  BOOST_AUTO_TEST_CASE(where_and_when_events_go_is_no_work) {
    BOOST_TEST(same_after([](auto& s) { s.petrel.policy = "c3"; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.key = "X-Camera"; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.lighter = "small"; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.idempotent = true; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.topics = {"a/#"}; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.reply_topic = "b"; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.queue = 7; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.max_body_bytes = 7; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.needs.tiers = {"edge"}; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.rollout.steps = {10}; }));
    BOOST_TEST(same_after([](auto& s) { s.petrel.samples = {{"a", {}}}; }));
    BOOST_TEST(same_after([](auto& s) { s.labels["a"] = "b"; }));
    BOOST_TEST(same_after([](auto& s) { s.annotations["a"] = "b"; }));
    BOOST_TEST(same_after([](auto& s) { s.handler = "elsewhere"; }));
    BOOST_TEST(same_after([](auto& s) {
      s.petrel.deadline = s.petrel.timeout = std::chrono::seconds{2};
    }));
    BOOST_TEST(same_after([](auto& s) {
      s.petrel.on_secret = secret_policy::notify;
    }));
  }

  BOOST_AUTO_TEST_CASE(what_runs_and_how_is_work) {
    BOOST_TEST(!same_after([](auto& s) { s.petrel.artifact = "b.so"; }));
    BOOST_TEST(!same_after([](auto& s) { s.petrel.mode = trust_mode::threads; }));
    BOOST_TEST(!same_after([](auto& s) { s.petrel.concurrency = 2; }));
    BOOST_TEST(!same_after([](auto& s) { s.petrel.size.divisor = 784; }));
    BOOST_TEST(!same_after([](auto& s) { s.petrel.batch.most = 4; }));
    BOOST_TEST(!same_after([](auto& s) { s.petrel.network = true; }));
    BOOST_TEST(!same_after([](auto& s) { s.petrel.scale.min = 0; }));
    BOOST_TEST(!same_after([](auto& s) {
      s.labels["com.openfaas.scale.zero"] = "true";
    }));
    BOOST_TEST(!same_after([](auto& s) { s.environment["LEVEL"] = "9"; }));
    BOOST_TEST(!same_after([](auto& s) { s.limits["cpu"] = "500m"; }));
    BOOST_TEST(!same_after([](auto& s) { s.secrets = {"key"}; }));
  }

  BOOST_AUTO_TEST_CASE(the_largest_body_bounds_batches_of_models) {
    auto one = plain(), other = plain();
    one.petrel.runtime = other.petrel.runtime = runtime_kind::torch;
    other.petrel.max_body_bytes = 7;
    BOOST_TEST(work_of(one) != work_of(other));
  }

BOOST_AUTO_TEST_SUITE_END()
