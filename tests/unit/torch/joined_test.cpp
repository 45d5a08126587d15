// Events that are run as one batch of a model.
#include "functions/host/node_hosts.hpp"
#include "functions/torch/torch_module.hpp"
#include "tests/support/answers.hpp"
#include "tests/unit/torch/models.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

using namespace faas;
using namespace torch_test;
using namespace faas::torch_runtime;

namespace {

const char* const sums = R"(
def forward(self, x):
    assert bool((x >= 0).all()), "negative input"
    return x.sum(1).long()
)";

using floats = std::vector<float>;

/// Answers of one joined run.
std::vector<reply> together(function_instance& one,
                            const std::vector<invocation>& events,
                            context& calls) {
  std::vector<const invocation*> asked;
  std::vector<invocation_context*> contexts;
  for (const auto& event : events) {
    asked.push_back(&event);
    contexts.push_back(&calls);
  }
  std::vector<reply> answers(events.size());
  one.invoke_batch(asked, contexts, answers);
  return answers;
}

tensor::input_layout layout(std::vector<tensor_spec> specs) {
  return *tensor::input_layout::make(specs, 1 << 16);
}

} // namespace

BOOST_AUTO_TEST_SUITE(joined_test)

  BOOST_AUTO_TEST_CASE(each_event_gets_its_part) {
    const bundle files;
    write_model(files, sums);
    loaded model{files, spec("FP32", {-1, 2})};
    const auto one = model.instance();
    const auto answers = together(
      *one,
      {event(floats{1, 2}), event(floats{3, 4, 5, 6}), event(floats{7, 8})},
      model.calls);
    BOOST_TEST(text(answers[0]) == "{\"labels\":[3]}");
    BOOST_TEST(text(answers[1]) == "{\"labels\":[7,11]}");
    BOOST_TEST(text(answers[2]) == "{\"labels\":[15]}");
    for (const auto& answer : answers)
      BOOST_TEST(answer.started);
  }

  BOOST_AUTO_TEST_CASE(each_event_gets_the_format_that_it_asks_for) {
    const bundle files;
    write_model(files, sums);
    loaded model{files, spec("FP32", {-1, 2})};
    auto bytes = event(floats{3, 4});
    bytes.headers.push_back({"Accept", "application/octet-stream"});
    const auto one = model.instance();
    const auto answers
      = together(*one, {event(floats{1, 2}), bytes}, model.calls);
    BOOST_TEST(text(answers[0]) == "{\"labels\":[3]}");
    BOOST_TEST(elements<int64_t>(answers[1]) == std::vector<int64_t>{7});
  }

  BOOST_AUTO_TEST_CASE(one_event_at_fault_spoils_no_other) {
    const bundle files;
    write_model(files, sums);
    loaded model{files, spec("FP32", {-1, 2})};
    const auto one = model.instance();
    const auto answers = together(
      *one, {event(floats{1, 2}), event(floats{-1, 2}), event(floats{7, 8})},
      model.calls);
    BOOST_TEST(text(answers[0]) == "{\"labels\":[3]}");
    BOOST_TEST(name(answers[1].code) == "function_failed");
    BOOST_TEST(has(answers[1].message, "negative input"), answers[1].message);
    BOOST_TEST(text(answers[2]) == "{\"labels\":[15]}");
  }

  BOOST_AUTO_TEST_CASE(several_inputs_are_joined_one_by_one) {
    const bundle files;
    write_model(files, R"(
def forward(self, x, y):
    return x.long().sum(1) * 100 + y.long().sum(1)
)");
    auto manifest = spec("UINT8", {-1, 2});
    manifest.petrel.inputs.push_back({"y", "UINT8", {-1, 1}});
    loaded model{files, manifest};
    const auto one = model.instance();
    using bytes = std::vector<uint8_t>;
    const auto answers
      = together(*one, {event(bytes{1, 1, 2, 2, 5, 6}), event(bytes{3, 3, 7})},
                 model.calls);
    BOOST_TEST(text(answers[0]) == "{\"labels\":[205,406]}");
    BOOST_TEST(text(answers[1]) == "{\"labels\":[607]}");
  }

  BOOST_AUTO_TEST_CASE(shape_errors_are_found_before_joining) {
    const bundle files;
    write_model(files, sums);
    loaded model{files, spec("FP32", {-1, 2})};
    BOOST_TEST(model.module().share_of(event(floats{1, 2, 3, 4})).items == 2u);
    BOOST_TEST(model.module().share_of(event(floats{1, 2, 3})).items == 0u);
    auto wrong = event(floats{1, 2});
    wrong.headers.push_back({"X-Tensor-Datatype", "INT8"});
    BOOST_TEST(model.module().share_of(wrong).items == 0u);
  }

  BOOST_AUTO_TEST_CASE(only_independent_items_are_joined) {
    const auto batched = layout({{"x", "UINT8", {-1, 2}}});
    BOOST_TEST(joined_by({}, batched, false, 32).most == 32u);
    BOOST_TEST(joined_by({8, {}}, batched, false, 32).most == 8u);
    BOOST_TEST(joined_by({}, batched, true, 32).most == 0u);
    BOOST_TEST(joined_by({}, batched, false, 0).most == 0u);
    BOOST_TEST(joined_by({},
                         layout({{"x", "UINT8", {-1, 2}}, {"y", "UINT8", {1}}}),
                         false, 32)
                 .most
               == 0u);
    const auto window = std::chrono::milliseconds{3};
    BOOST_TEST((joined_by({8, window}, batched, false, 1).window == window));
    BOOST_TEST(joined_by({100000, {}}, batched, false, 1).most == 32768u);
  }

  BOOST_AUTO_TEST_CASE(time_of_a_batch_follows_the_trial) {
    const bundle files;
    write_model(files, sums);
    const auto inputs = layout({{"x", "FP32", {-1, 2}}});
    auto trial = run_trial(files.file(), inputs, output_kind::labels);
    BOOST_REQUIRE(static_cast<bool>(trial));
    trial->points = {{1, 1, 1}, {8, 4.5, 4.5}, {32, 16.5, 16.5}};
    trial->step = 32;
    const torch_module module{
      {inputs, output_kind::labels, 1, trial->step}, *trial, {}, {}, 0};
    const auto ms = [&](uint32_t n) { return to_ms(module.batch_time(n)); };
    const auto near = boost::test_tools::tolerance(1e-6);
    BOOST_TEST(ms(1) == 1.0, near);
    BOOST_TEST(ms(2) == 1.5, near);
    BOOST_TEST(ms(8) == 4.5, near);
    BOOST_TEST(ms(20) == 10.5, near);
    BOOST_TEST(ms(64) == 33.0, near);
  }

  BOOST_AUTO_TEST_CASE(events_through_a_host_are_joined_and_told_apart) {
    const bundle files;
    write_model(files, sums);
    host::node_hosts_config config;
    config.node = node_name{"edge-1"};
    config.trust.trust_all = true;
    config.threads = 1;
    host::node_function_hosts hosts{config};
    hosts.add_runtime(runtime_kind::torch,
                      []() -> result<std::unique_ptr<function_runtime>> {
                        std::unique_ptr<function_runtime> made
                          = std::make_unique<torch_runtime::runtime>(1);
                        return made;
                      });
    host_request request;
    request.version = {function_name{"model"}, 1};
    request.spec = spec("FP32", {-1, 2});
    request.spec.petrel.mode = trust_mode::threads;
    request.spec.petrel.batch.most = 16;
    request.folder = files.folder();
    std::promise<result<void>> ready;
    host_events events;
    events.loaded = [&](result<void> how) { ready.set_value(std::move(how)); };
    auto opened = hosts.open(std::move(request), std::move(events));
    BOOST_REQUIRE(static_cast<bool>(opened));
    auto loaded_how = ready.get_future();
    BOOST_REQUIRE((loaded_how.wait_for(std::chrono::seconds{60})
                   == std::future_status::ready));
    BOOST_REQUIRE(static_cast<bool>(loaded_how.get()));
    const auto got = test::answers::make();
    constexpr uint64_t all = 200;
    for (uint64_t i = 1; i <= all; ++i) {
      auto one = event(floats{static_cast<float>(i), 1000});
      one.deadline = std::chrono::steady_clock::now() + std::chrono::minutes{1};
      if (i % 50 == 0)
        one.body = blob{"wrong"};
      (*opened)->submit(std::move(one), got->promise(i));
    }
    for (uint64_t i = 1; i <= all; ++i) {
      const auto answer = got->wait(i);
      if (i % 50 == 0)
        BOOST_TEST(name(answer.code) == "invalid_argument");
      else
        BOOST_TEST(text(answer)
                   == "{\"labels\":[" + std::to_string(1000 + i) + "]}");
    }
    BOOST_TEST(got->each_once());
    BOOST_TEST((*opened)->facts().contains("events_in_batches"));
    // In the unit of the size feature: 16 items of two floats are 128 bytes.
    BOOST_TEST((*opened)->facts().at("batch_size") == "128");
    BOOST_TEST((*opened)->facts().at("batch_window_ms") == "0");
    BOOST_TEST_MESSAGE(
      "batches " << (*opened)->facts().at("batches") << ", events in them "
                 << (*opened)->facts().at("events_in_batches"));
    hosts.stop(std::chrono::seconds{5});
  }

  BOOST_AUTO_TEST_SUITE_END()
