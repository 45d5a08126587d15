// What one event gets back.
#include "tests/unit/torch/models.hpp"

#include <ATen/Parallel.h>
#include <boost/test/unit_test.hpp>
#include <torch/csrc/jit/runtime/graph_executor.h>

#include <cmath>
#include <thread>

using namespace faas;
using namespace torch_test;

namespace {

const char* const largest = R"(
def forward(self, x):
    return torch.argmax(x, 1)
)";
const char* const identity = "def forward(self, x):\n    return x\n";
/// Trial inputs are never negative.
const char* const only_positive = R"(
def forward(self, x):
    assert bool((x >= 0).all()), "negative input"
    return torch.argmax(x, 1)
)";
const char* const counting = R"(
def forward(self, x):
    self.count.add_(1)
    return x * 0 + self.count
)";

using floats = std::vector<float>;

class stopped : public context {
public:
  bool cancelled() const noexcept override { return asked_++ >= after; }
  duration remaining() const noexcept override { return left; }
  int after = 1000;
  duration left = std::chrono::seconds{1};

private:
  mutable int asked_ = 0;
};

} // namespace

BOOST_AUTO_TEST_SUITE(torch_instance_test)

  BOOST_AUTO_TEST_CASE(labels_are_those_of_the_model) {
    const bundle files;
    write_model(files, largest);
    loaded model{files, spec("FP32", {-1, 3})};
    const auto answer = model.invoke(floats{1, 5, 2, 9, 0, 1});
    BOOST_TEST(text(answer) == "{\"labels\":[1,0]}");
    BOOST_TEST(answer.content_type == "application/json");
    BOOST_TEST(answer.started);
  }

  BOOST_AUTO_TEST_CASE(scores_become_labels_by_the_largest) {
    const bundle files;
    write_model(files, identity);
    loaded model{files, spec("FP32", {-1, 3})};
    BOOST_TEST(text(model.invoke(floats{1, 5, 2, 0, -1, 7}))
               == "{\"labels\":[1,2]}");
  }

  BOOST_AUTO_TEST_CASE(first_of_several_results_is_the_answer) {
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    return torch.argmax(x, 1), x
)");
    loaded model{files, spec("FP32", {-1, 2})};
    BOOST_TEST(text(model.invoke(floats{0, 1})) == "{\"labels\":[1]}");
  }

  BOOST_AUTO_TEST_CASE(client_may_ask_for_bytes) {
    const bundle files;
    write_model(files, largest);
    loaded model{files, spec("FP32", {-1, 2})};
    auto asked = event(floats{0, 1});
    asked.headers = {{"Accept", "application/octet-stream"}};
    const auto answer = model.invoke(asked);
    BOOST_TEST(elements<int64_t>(answer) == std::vector<int64_t>{1});
  }

  BOOST_AUTO_TEST_CASE(tensor_output_is_the_models_tensor) {
    const bundle files;
    write_model(files, "def forward(self, x):\n    return x * 2\n");
    loaded model{files, spec("FP32", {-1, 2}, "tensor")};
    const auto answer = model.invoke(floats{1, 2, 3, 4});
    const floats doubled{2, 4, 6, 8};
    BOOST_TEST(elements<float>(answer) == doubled);
    BOOST_TEST(*find_header(answer.headers, "X-Tensor-Shape") == "2,2");
  }

  BOOST_AUTO_TEST_CASE(wrong_size_is_a_400_that_names_the_right_one) {
    const bundle files;
    write_model(files, largest);
    loaded model{files, spec("FP32", {-1, 3})};
    const auto answer = model.invoke(floats{1, 2, 3, 4});
    BOOST_TEST(answer.status == 400);
    BOOST_TEST(
      has(answer.message, "FP32 [n,3], 12 bytes per item; got 16 bytes"),
      answer.message);
    BOOST_TEST(!answer.started);
    BOOST_TEST(model.invoke(floats{}).status == 400);
    auto shaped = event(floats{1, 2, 3});
    shaped.headers = {{"X-Tensor-Shape", "3,1"}};
    BOOST_TEST(model.invoke(shaped).status == 400);
    BOOST_TEST(model.invoke(floats{1, 2, 3}).status == 200);
  }

  BOOST_AUTO_TEST_CASE(model_that_throws_fails_its_event_only) {
    const bundle files;
    write_model(files, only_positive);
    loaded model{files, spec("FP32", {-1, 2})};
    const auto answer = model.invoke(floats{1, -1});
    BOOST_TEST(name(answer.code) == "function_failed");
    BOOST_TEST(has(answer.message, "negative input"), answer.message);
    BOOST_TEST(!has(answer.message, "\n"));
    BOOST_TEST(answer.started);
    BOOST_REQUIRE(model.calls.lines.size() == 1u);
    BOOST_TEST(has(model.calls.lines[0], "negative input"));
    BOOST_TEST((model.invoke(floats{0, 1}).code == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(model_that_gives_another_shape_at_run_time_fails) {
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    if bool((x < 0).any()):
        return torch.argmax(x, 1).repeat(2)
    return torch.argmax(x, 1)
)");
    loaded model{files, spec("FP32", {-1, 2})};
    const auto answer = model.invoke(floats{-1, 0});
    BOOST_TEST(name(answer.code) == "function_failed");
    BOOST_TEST(has(answer.message, "INT64 [2]"), answer.message);
    BOOST_TEST(has(answer.message, "n = 1"), answer.message);
  }

  BOOST_AUTO_TEST_CASE(nan_among_scores_is_no_label) {
    const bundle files;
    write_model(files, identity);
    loaded model{files, spec("FP32", {-1, 3})};
    const auto answer = model.invoke(floats{1, std::nanf(""), 2});
    BOOST_TEST(name(answer.code) == "function_failed");
    BOOST_TEST(has(answer.message, "NaN"), answer.message);
  }

  BOOST_AUTO_TEST_CASE(model_that_writes_to_its_input_leaves_the_body_alone) {
    const bundle files;
    write_model(files, "def forward(self, x):\n    return x.add_(1)\n");
    loaded model{files, spec("FP32", {-1, 2}, "tensor")};
    const auto asked = event(floats(32, 7));
    const auto before = std::string{asked.body.view()};
    BOOST_TEST((model.invoke(asked).code == errc::ok));
    BOOST_TEST((asked.body.view() == before));
  }

  BOOST_AUTO_TEST_CASE(bytes_other_than_0_and_1_are_true) {
    const bundle files;
    write_model(files, "def forward(self, x):\n    return x.long().sum(1)\n");
    loaded model{files, spec("BOOL", {-1, 4})};
    BOOST_TEST(text(model.invoke(std::vector<uint8_t>{0, 1, 2, 255}))
               == "{\"labels\":[3]}");
  }

  BOOST_AUTO_TEST_CASE(several_inputs_are_cut_from_one_body) {
    const bundle files;
    write_model(files, R"(
def forward(self, x, offset):
    return x.long().sum(1) + offset
)");
    auto manifest = spec("UINT8", {-1, 2});
    manifest.petrel.inputs.push_back({"offset", "INT64", {1}});
    loaded model{files, manifest};
    std::string body{"\1\2\3\4", 4};
    const int64_t offset = 100;
    body.append(reinterpret_cast<const char*>(&offset), sizeof offset);
    invocation asked;
    asked.body = blob{body};
    BOOST_TEST(text(model.invoke(asked)) == "{\"labels\":[103,107]}");
  }

  BOOST_AUTO_TEST_CASE(nobody_waiting_means_no_run) {
    const bundle files;
    write_model(files, counting, {{"count", {1}}});
    loaded model{files, spec("FP32", {-1}, "tensor")};
    const auto instance = model.instance();
    stopped gone;
    gone.after = 0;
    auto answer = instance->invoke(event(floats{0}), gone);
    BOOST_TEST(name(answer.code) == "cancelled");
    BOOST_TEST(!answer.started);
    stopped late;
    late.left = duration::zero();
    answer = instance->invoke(event(floats{0}), late);
    BOOST_TEST(name(answer.code) == "deadline_exceeded");
    const auto first
      = elements<float>(instance->invoke(event(floats{0}), model.calls));
    const auto second
      = elements<float>(instance->invoke(event(floats{0}), model.calls));
    BOOST_TEST(second[0] - first[0] == 1);
    BOOST_TEST(std::abs(first[0] - 0.5) < 0.01); // -0.5 + the first count
  }

  BOOST_AUTO_TEST_CASE(instances_of_a_stateful_model_have_states_of_their_own) {
    const bundle files;
    write_model(files, counting, {{"count", {1}}});
    loaded model{files, spec("FP32", {-1}, "tensor")};
    BOOST_TEST(model.module().facts().at("stateful") == "yes");
    BOOST_TEST(model.module().facts().at("batch_step") == "0");
    const auto a = model.instance(), b = model.instance();
    const auto count = [&](function_instance& one) {
      return elements<float>(one.invoke(event(floats{0}), model.calls))[0];
    };
    const auto first = count(*a);
    BOOST_TEST(count(*a) == first + 1);
    BOOST_TEST(count(*b) == first);
    BOOST_TEST(count(*a) == first + 2);
  }

  BOOST_AUTO_TEST_CASE(instances_run_side_by_side) {
    const bundle files;
    write_cnn(files, 1);
    loaded model{files, spec("UINT8", {-1, 1, 28, 28})};
    std::vector<invocation> events;
    std::vector<std::string> expected;
    for (int i = 0; i < 8; ++i) {
      std::vector<uint8_t> pixels(784 * (i + 1));
      for (size_t at = 0; at < pixels.size(); ++at)
        pixels[at] = static_cast<uint8_t>(at * (i * 7 + 3) >> 2);
      events.push_back(event(pixels));
      expected.push_back(text(model.invoke(events.back())));
    }
    std::vector<int> right(4);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < right.size(); ++t)
      threads.emplace_back([&, t, instance = model.instance()] {
        context calls;
        for (size_t i = 0; i < 100; ++i)
          right[t] += text(instance->invoke(events[(i + t) % 8], calls))
                      == expected[(i + t) % 8];
      });
    for (auto& thread : threads)
      thread.join();
    BOOST_TEST(right == std::vector<int>(4, 100));
  }

  BOOST_AUTO_TEST_CASE(every_thread_runs_without_the_profiling_executor) {
    const bundle files;
    write_model(files, largest);
    loaded model{files, spec("FP32", {-1, 3})};
    bool before = false, after = true;
    int threads = 0;
    std::thread{[&] {
      before = torch::jit::getGraphExecutorOptimize();
      model.invoke(floats{1, 2, 3});
      after = torch::jit::getGraphExecutorOptimize();
      threads = at::get_num_threads();
    }}.join();
    BOOST_TEST(before);
    BOOST_TEST(!after);
    BOOST_TEST(threads == 1);
  }

  BOOST_AUTO_TEST_CASE(deadline_is_looked_at_between_the_steps_of_a_batch) {
    const bundle files;
    write_cnn(files, 1);
    loaded model{files, spec("UINT8", {-1, 1, 28, 28})};
    BOOST_REQUIRE(model.module().facts().at("batch_step") != "0");
    const auto instance = model.instance();
    stopped gone;
    gone.after = 2; // before the run and after the first step nobody minds
    const auto answer
      = instance->invoke(event(std::vector<uint8_t>(784 * 900)), gone);
    BOOST_TEST(name(answer.code) == "cancelled");
    BOOST_TEST(answer.started);
  }

  BOOST_AUTO_TEST_SUITE_END()
