// The torch runtime on a real GPU. Without one each test says so and ends.
#include "functions/torch/graph_rule.hpp"
#include "functions/torch/torch_module.hpp"
#include "tests/unit/torch/models.hpp"

#include <ATen/ATen.h>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <thread>

using namespace faas;
using namespace torch_test;
using namespace faas::torch_runtime;

namespace {

const found_device& found() {
  static const auto made = open_cuda(); // before libtorch is used
  return made;
}

bool no_gpu() {
  if (found().gpu)
    return false;
  BOOST_TEST_MESSAGE("skipped: " << found().why);
  return true;
}

std::vector<uint8_t> noise(size_t bytes, uint32_t seed = 7) {
  std::vector<uint8_t> made(bytes);
  for (auto& byte : made)
    byte = static_cast<uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return made;
}

std::string_view view(const std::vector<uint8_t>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::optional<error> go_on() {
  return std::nullopt;
}

function_spec on_gpu(function_spec spec) {
  spec.petrel.device = device_choice::cuda;
  return spec;
}

std::unique_ptr<function_module> load(const bundle& files,
                                      const function_spec& spec) {
  torch_runtime::runtime runtime{1, found()};
  auto made = runtime.load({{spec.name, 1}, spec, files.folder()});
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(made),
                        (made ? std::string{} : made.error().to_string()));
  return *std::move(made);
}

std::unique_ptr<function_instance> instance(function_module& module) {
  auto made = module.create_instance();
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(made),
                        (made ? std::string{} : made.error().to_string()));
  return *std::move(made);
}

/// A model's seat on the GPU and what it needs.
struct seated {
  seated(const bundle& files, std::vector<tensor_spec> specs,
         memory_layout layout = memory_layout::nchw)
    : inputs(*tensor::input_layout::make(specs, 64 << 20)) {
    auto loaded = model::load(files.file(), layout, found().gpu->place());
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(loaded),
                          (loaded ? std::string{} : loaded.error().message));
    auto taken = take_seat(*found().gpu, *loaded, inputs);
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(taken),
                          (taken ? std::string{} : taken.error().message));
    seat = *std::move(taken);
  }

  /// A copy of the output.
  at::Tensor run(std::string_view body, int64_t n, int64_t step) {
    const auto parts = split(n, step);
    auto made = seat.lane->run(body, n, parts, go_on);
    BOOST_REQUIRE_MESSAGE(static_cast<bool>(made),
                          (made ? std::string{} : made.error().message));
    return made->clone();
  }

  tensor::input_layout inputs;
  gpu_seat seat;
};

/// Out of the GPU's memory for an event that begins with 200.
const char* const greedy = R"(
def forward(self, x):
    if x.is_cuda and bool(x[0, 0] == 200):
        y = torch.zeros([1 << 40], device=x.device)
        return x.long().sum(1) + y[0].long()
    return x.long().sum(1)
)";

} // namespace

BOOST_AUTO_TEST_SUITE(cuda_test)

  BOOST_AUTO_TEST_CASE(kernel_equals_its_cpu_twin_bit_for_bit) {
    if (no_gpu())
      return;
    const std::vector<double> means{0.485, 0.456, 0.406, 0.5},
      deviations{0.229, 0.224, 0.225, 0.3};
    for (const int64_t channels : {1, 2, 3, 4})
      for (const auto [h, w] : {std::pair{8, 8}, {7, 5}, {1, 1}, {224, 224}})
        for (const int64_t n : {1, 3})
          for (const auto order : {tensor::plane_order::planar,
                                   tensor::plane_order::interleaved}) {
            const auto end = static_cast<ptrdiff_t>(channels);
            const auto how = tensor::normalisation::make(
              {-1, h, w, channels}, {means.begin(), means.begin() + end},
              {deviations.begin(), deviations.begin() + end});
            BOOST_REQUIRE(how.has_value());
            const auto bytes
              = noise(static_cast<size_t>(n * how->item_values()));
            std::vector<float> cpu(bytes.size()), gpu(bytes.size(), -1e9f);
            tensor::normalise(*how, bytes, cpu, order);
            BOOST_REQUIRE(found().gpu->normalise(*how, bytes, gpu, order, 1));
            BOOST_TEST(
              std::memcmp(cpu.data(), gpu.data(), cpu.size() * sizeof(float))
                == 0,
              "channels " << channels << ", " << h << "x" << w << ", n " << n);
          }
  }

  BOOST_AUTO_TEST_CASE(facts_name_the_gpu) {
    if (no_gpu())
      return;
    const auto facts = found().gpu->facts();
    BOOST_TEST(!facts.name.empty());
    BOOST_TEST(facts.total_bytes > (uint64_t{1} << 30));
    BOOST_TEST(facts.free_bytes <= facts.total_bytes);
    BOOST_TEST_MESSAGE(facts.name << ", capability " << facts.capability);
  }

  BOOST_AUTO_TEST_CASE(answers_are_those_of_the_cpu) {
    if (no_gpu())
      return;
    const bundle files;
    write_cnn(files, 1);
    const auto cpu_spec = spec("UINT8", {-1, 1, 28, 28}, "tensor");
    const auto gpu = load(files, on_gpu(cpu_spec));
    BOOST_TEST(gpu->facts().at("device") == found().gpu->facts().name);
    BOOST_TEST(!gpu->profile().empty());
    const auto there = instance(*gpu);
    loaded here{files, cpu_spec};
    for (const size_t n : {1, 5, 33, 33, 33, 33, 300}) {
      const auto images = event(noise(n * 784, static_cast<uint32_t>(n)));
      // A GPU multiplies with shorter mantissas.
      const auto a = elements<float>(there->invoke(images, here.calls)),
                 b = elements<float>(here.invoke(images));
      BOOST_REQUIRE(a.size() == n * 10);
      BOOST_REQUIRE(b.size() == a.size());
      float largest = 0, off = 0;
      for (size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(b[i]));
        off = std::max(off, std::abs(a[i] - b[i]));
      }
      BOOST_TEST(off < largest * 0.02f);
    }
  }

  BOOST_AUTO_TEST_CASE(normalised_images_give_what_the_cpu_gives) {
    if (no_gpu())
      return;
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    return torch.mean(torch.conv2d(x, self.w), [2, 3])
)",
                {{"w", {8, 3, 3, 3}}});
    auto manifest = spec("UINT8", {-1, 30, 30, 3}, "tensor");
    manifest.petrel.inputs[0].mean = {0.485, 0.456, 0.406};
    manifest.petrel.inputs[0].deviation = {0.229, 0.224, 0.225};
    const auto gpu = load(files, on_gpu(manifest));
    const auto there = instance(*gpu);
    loaded here{files, manifest};
    const auto images = event(noise(3 * 2700));
    const auto a = elements<float>(there->invoke(images, here.calls)),
               b = elements<float>(here.invoke(images));
    BOOST_REQUIRE(a.size() == b.size());
    for (size_t i = 0; i < a.size(); ++i)
      BOOST_TEST(std::abs(a[i] - b[i]) < 5e-3f);
  }

  BOOST_AUTO_TEST_CASE(fixed_shapes_are_recorded_and_replayed) {
    if (no_gpu())
      return;
    const bundle files;
    write_cnn(files, 1);
    seated one{files, {{"x", "UINT8", {-1, 1, 28, 28}}}};
    std::vector<at::Tensor> eager, replayed;
    for (uint32_t i = 0; i < graph_rule::often; ++i)
      eager.push_back(one.run(view(noise(4 * 784, i)), 4, 0));
    BOOST_TEST(one.seat.lane->counts().graphs == 1u,
               one.seat.lane->no_graphs());
    for (uint32_t i = 0; i < graph_rule::often; ++i)
      replayed.push_back(one.run(view(noise(4 * 784, i)), 4, 0));
    BOOST_TEST(one.seat.lane->counts().replays == graph_rule::often);
    BOOST_TEST(!at::equal(eager[0], eager[1]));
    for (size_t i = 0; i < eager.size(); ++i)
      BOOST_TEST(at::allclose(eager[i], replayed[i], 1e-3, 1e-4));
  }

  BOOST_AUTO_TEST_CASE(parts_of_a_batch_give_what_the_whole_gives) {
    if (no_gpu())
      return;
    const bundle files;
    write_cnn(files, 3);
    for (const auto layout :
         {memory_layout::nchw, memory_layout::channels_last}) {
      seated one{files, {{"x", "UINT8", {-1, 3, 28, 28}}}, layout};
      const auto body = noise(37 * 3 * 784);
      const auto whole = one.run(view(body), 37, 0);
      BOOST_TEST((whole.sizes() == at::IntArrayRef{37, 10}));
      for (const int64_t step : {5, 8, 16})
        for (int again = 0; again < 4; ++again)
          BOOST_TEST(
            at::allclose(one.run(view(body), 37, step), whole, 2e-2, 2e-2));
    }
  }

  BOOST_AUTO_TEST_CASE(model_that_waits_for_the_gpu_runs_without_graphs) {
    if (no_gpu())
      return;
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    if bool((x > 100).any()):
        return x.long().sum(1) + 1000
    return x.long().sum(1)
)");
    seated one{files, {{"x", "UINT8", {-1, 2}}}};
    const std::vector<uint8_t> low{1, 2}, high{200, 2};
    for (int i = 0; i < 6; ++i) {
      BOOST_TEST(one.run(view(low), 1, 0).item<int64_t>() == 3);
      BOOST_TEST(one.run(view(high), 1, 0).item<int64_t>() == 1202);
    }
    BOOST_TEST(one.seat.lane->counts().graphs == 0u);
    BOOST_TEST(has(one.seat.lane->no_graphs(), "recorded"),
               one.seat.lane->no_graphs());
    BOOST_TEST_MESSAGE("no graphs: " << one.seat.lane->no_graphs());
  }

  BOOST_AUTO_TEST_CASE(state_is_kept_on_the_gpu) {
    if (no_gpu())
      return;
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    self.count.add_(1)
    return x * 0 + self.count
)",
                {{"count", {1}}});
    const auto module = load(files, on_gpu(spec("FP32", {-1}, "tensor")));
    const auto one = instance(*module), other = instance(*module);
    context calls;
    const auto count = [&](function_instance& of) {
      return elements<float>(of.invoke(event(std::vector<float>{0}), calls))
        .at(0);
    };
    const auto first = count(*one);
    for (int i = 1; i < 8; ++i)
      BOOST_TEST(count(*one) == first + static_cast<float>(i));
    BOOST_TEST(count(*other) == first);
  }

  BOOST_AUTO_TEST_CASE(several_inputs_and_booleans_arrive) {
    if (no_gpu())
      return;
    const bundle files;
    write_model(files, R"(
def forward(self, x, offset):
    return x.long().sum(1) + offset
)");
    auto manifest = spec("BOOL", {-1, 3});
    manifest.petrel.inputs.push_back({"offset", "INT64", {1}});
    const auto module = load(files, on_gpu(manifest));
    const auto one = instance(*module);
    std::string body{"\0\2\xff\1\0\0", 6};
    const int64_t offset = 100;
    body.append(reinterpret_cast<const char*>(&offset), sizeof offset);
    invocation asked;
    asked.body = blob{body};
    context calls;
    BOOST_TEST(text(one->invoke(asked, calls)) == "{\"labels\":[102,101]}");
  }

  BOOST_AUTO_TEST_CASE(out_of_memory_is_refused_where_only_the_gpu_will_do) {
    if (no_gpu())
      return;
    const bundle files;
    write_model(files, greedy);
    const auto module = load(files, on_gpu(spec("UINT8", {-1, 2})));
    const auto one = instance(*module);
    context calls;
    const std::vector<uint8_t> modest{1, 2}, much{200, 2};
    BOOST_TEST(text(one->invoke(event(modest), calls)) == "{\"labels\":[3]}");
    const auto answer = one->invoke(event(much), calls);
    BOOST_TEST(name(answer.code) == "unavailable");
    BOOST_TEST(has(answer.message, "out of memory"), answer.message);
    BOOST_TEST(has(answer.next_step, "device: cpu"), answer.next_step);
    BOOST_TEST_MESSAGE(answer.message);
    BOOST_TEST(text(one->invoke(event(modest), calls)) == "{\"labels\":[3]}");
  }

  BOOST_AUTO_TEST_CASE(out_of_memory_falls_back_to_the_cpu) {
    if (no_gpu())
      return;
    const bundle files;
    write_model(files, greedy);
    const auto inputs
      = *tensor::input_layout::make({{"x", "UINT8", {-1, 2}}}, 1 << 20);
    auto trial = run_trial(files.file(), inputs, output_kind::labels);
    BOOST_REQUIRE(static_cast<bool>(trial));
    auto outcome
      = run_gpu_trial(*found().gpu, files.file(), inputs, *trial, true);
    BOOST_REQUIRE_MESSAGE(outcome.chosen.has_value(), outcome.why);
    torch_module module{
      {inputs, output_kind::labels, 1, trial->step, found().gpu},
      *trial,
      std::move(outcome),
      {},
      0};
    const auto one = instance(module);
    context calls;
    BOOST_TEST(text(one->invoke(event(std::vector<uint8_t>{200, 2}), calls))
               == "{\"labels\":[202]}");
    BOOST_REQUIRE(calls.lines.size() == 1u);
    BOOST_TEST(has(calls.lines[0], "runs on the CPU"), calls.lines[0]);
  }

  BOOST_AUTO_TEST_CASE(instances_work_side_by_side) {
    if (no_gpu())
      return;
    const bundle files;
    write_cnn(files, 1);
    const auto module = load(files, on_gpu(spec("UINT8", {-1, 1, 28, 28})));
    std::vector<std::unique_ptr<function_instance>> instances;
    for (int i = 0; i < 4; ++i)
      instances.push_back(instance(*module));
    const auto images = event(noise(16 * 784));
    context first;
    const auto expected = text(instances[0]->invoke(images, first));
    BOOST_TEST(has(expected, "labels"));
    std::vector<int> wrong(instances.size());
    std::vector<std::thread> threads;
    for (size_t i = 0; i < instances.size(); ++i)
      threads.emplace_back([&, i] {
        context calls;
        for (int call = 0; call < 50; ++call)
          wrong[i] += text(instances[i]->invoke(images, calls)) != expected;
      });
    for (auto& one : threads)
      one.join();
    for (const auto count : wrong)
      BOOST_TEST(count == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
