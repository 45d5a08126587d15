// Where a model runs, and what happens when the GPU will not have it. The GPU
// here is a fake on the CPU.
#include "functions/torch/graph_rule.hpp"
#include "functions/torch/torch_module.hpp"
#include "tests/unit/torch/models.hpp"

#include <ATen/ATen.h>
#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace torch_test;
using namespace faas::torch_runtime;

namespace {

struct fake_state {
  device_facts facts{"Fake GPU", "0.0", uint64_t{8} << 30, uint64_t{8} << 30};
  bool out_of_memory = false;
  bool wrong = false; ///< gives other results
  int lanes = 0, runs = 0;
};

class fake_lane final : public device_lane {
public:
  fake_lane(fake_state& state, lane_settings what)
    : state_(state), what_(std::move(what)) {}

  result<at::Tensor>
  run(std::string_view body, int64_t n, std::span<const part> parts,
      const std::function<std::optional<error>()>& stop) noexcept override {
    ++state_.runs;
    if (state_.out_of_memory)
      return error{errc::unavailable, "the GPU ran out of memory", "less"};
    std::vector<at::Tensor> outputs;
    for (const auto& items : parts) {
      if (auto useless = stop())
        return *useless;
      auto output = what_.forward(
        make_inputs(*what_.inputs, body, n, items, what_.layout));
      if (!output)
        return output;
      outputs.push_back(state_.wrong ? at::add(*output, 1) : *output);
    }
    return outputs.size() == 1 ? outputs.front() : at::cat(outputs);
  }
  lane_counts counts() const noexcept override { return {}; }
  std::string no_graphs() const override { return {}; }

private:
  fake_state& state_;
  const lane_settings what_;
};

class fake_device final : public device {
public:
  explicit fake_device(fake_state& state) : state_(state) {}
  device_facts facts() const override { return state_.facts; }
  c10::Device place() const noexcept override { return at::kCPU; }
  result<std::unique_ptr<device_lane>> make_lane(lane_settings what) override {
    ++state_.lanes;
    return std::unique_ptr<device_lane>{
      std::make_unique<fake_lane>(state_, std::move(what))};
  }
  result<double> normalise(const tensor::normalisation&,
                           std::span<const uint8_t>, std::span<float>,
                           tensor::plane_order, int) override {
    return error{errc::internal, "not in this fake", ""};
  }

private:
  fake_state& state_;
};

const char* const sums = "def forward(self, x):\n    return x.long().sum(1)\n";
const char* const counting = R"(
def forward(self, x):
    self.count.add_(1)
    return x.long().sum(1) + self.count.long()
)";

/// A runtime with the fake, and a bundle.
struct site {
  explicit site(const char* source = sums) {
    write_model(
      files, source,
      source == counting
        ? std::vector<std::pair<std::string, std::vector<int64_t>>>{{"count",
                                                                     {1}}}
        : std::vector<std::pair<std::string, std::vector<int64_t>>>{});
  }

  result<std::unique_ptr<function_module>> load(device_choice where) {
    torch_runtime::runtime runtime{1,
                                   {std::make_shared<fake_device>(state), {}}};
    auto manifest = spec("UINT8", {-1, 2});
    manifest.petrel.device = where;
    module_events events;
    events.log = [this](log_level, std::string_view text, const call_id*) {
      lines.emplace_back(text);
    };
    return runtime.load(
      {{manifest.name, 1}, manifest, files.folder(), {}, events});
  }

  /// A module that runs on the fake and may fall back.
  torch_module prefer_gpu() {
    const auto inputs
      = *tensor::input_layout::make({{"x", "UINT8", {-1, 2}}}, 1 << 16);
    auto gpu = std::make_shared<fake_device>(state);
    auto trial = run_trial(files.file(), inputs, output_kind::labels);
    BOOST_REQUIRE(static_cast<bool>(trial));
    auto outcome = run_gpu_trial(*gpu, files.file(), inputs, *trial, true);
    BOOST_REQUIRE_MESSAGE(outcome.chosen.has_value(), outcome.why);
    return torch_module{{inputs, output_kind::labels, 1, trial->step, gpu},
                        *trial,
                        std::move(outcome),
                        {},
                        0};
  }

  bundle files;
  fake_state state;
  std::vector<std::string> lines;
};

reply ask(function_module& module, invocation_context& calls) {
  auto made = module.create_instance();
  BOOST_REQUIRE(static_cast<bool>(made));
  return (*made)->invoke(event(std::vector<uint8_t>{1, 2, 3, 4}), calls);
}

} // namespace

BOOST_AUTO_TEST_SUITE(device_test)

  BOOST_AUTO_TEST_CASE(weights_may_take_four_fifths_of_what_is_free) {
    BOOST_TEST(fits(80, 100));
    BOOST_TEST(!fits(81, 100));
    BOOST_TEST(!fits(1, 0));
    BOOST_TEST(fits(uint64_t{1} << 62, ~uint64_t{0}));
  }

  BOOST_AUTO_TEST_CASE(gpu_must_be_faster_in_the_geometric_mean) {
    const std::vector<trial_point> cpu{{1, 1, 2}, {8, 8, 4}};
    const auto nchw = memory_layout::nchw, last = memory_layout::channels_last;
    const auto faster = [&](double one, double eight) {
      return gpu_is_faster(cpu, nchw, {{1, one, one}, {8, eight, eight}}, last);
    };
    BOOST_TEST(faster(2, 3));
    BOOST_TEST(!faster(2, 4));
    BOOST_TEST(faster(0.5, 15));
    BOOST_TEST(
      gpu_is_faster(cpu, last, {{8, 9, 3}}, last)); // common sizes only
    BOOST_TEST(!gpu_is_faster(cpu, last, {{8, 3, 9}}, last));
    BOOST_TEST(!gpu_is_faster(cpu, nchw, {}, nchw));
    BOOST_TEST(!gpu_is_faster(cpu, nchw, {{32, 0.1, 0.1}}, nchw));
  }

  BOOST_AUTO_TEST_CASE(sizes_that_return_are_recorded_a_bounded_number) {
    graph_rule rule;
    BOOST_TEST(!rule.record_now(8));
    BOOST_TEST(!rule.record_now(8));
    BOOST_TEST(!rule.record_now(9));
    BOOST_TEST(rule.record_now(8));
    for (int64_t n = 1000; n < 2000; ++n) // ever other sizes
      BOOST_TEST(!rule.record_now(n));
    int recorded = 1;
    for (int64_t n = 100; n < 120; ++n)
      for (int call = 0; call < 3; ++call)
        recorded += rule.record_now(n);
    BOOST_TEST(recorded == static_cast<int>(graph_rule::most_graphs));
  }

  BOOST_AUTO_TEST_CASE(model_runs_on_the_gpu_that_the_manifest_asks_for) {
    site here;
    auto module = here.load(device_choice::cuda);
    BOOST_REQUIRE(static_cast<bool>(module));
    BOOST_TEST((*module)->facts().at("device") == "Fake GPU");
    BOOST_TEST(here.lines.empty());
    const auto before = here.state.runs;
    context calls;
    BOOST_TEST(text(ask(**module, calls)) == "{\"labels\":[3,7]}");
    BOOST_TEST(here.state.runs == before + 1);
  }

  BOOST_AUTO_TEST_CASE(cpu_is_kept_where_the_manifest_says_so) {
    site here;
    auto module = here.load(device_choice::cpu);
    BOOST_REQUIRE(static_cast<bool>(module));
    BOOST_TEST((*module)->facts().at("device") == "cpu");
    BOOST_TEST(here.state.lanes == 0);
  }

  BOOST_AUTO_TEST_CASE(node_without_gpu_says_why_once_and_runs) {
    const bundle files;
    write_model(files, sums);
    const auto manifest = spec("UINT8", {-1, 2});
    std::vector<std::string> lines;
    module_events events;
    events.log = [&](log_level, std::string_view text, const call_id*) {
      lines.emplace_back(text);
    };
    torch_runtime::runtime runtime{1, {nullptr, "no NVIDIA driver"}};
    auto module = runtime.load(
      {{manifest.name, 1}, manifest, files.folder(), {}, events});
    BOOST_REQUIRE(static_cast<bool>(module));
    BOOST_TEST((*module)->facts().at("no_gpu") == "no NVIDIA driver");
    BOOST_TEST(
      lines == std::vector<std::string>{"runs on the CPU: no NVIDIA driver"});
  }

  BOOST_AUTO_TEST_CASE(node_without_gpu_refuses_what_needs_one) {
    const bundle files;
    write_model(files, sums);
    auto manifest = spec("UINT8", {-1, 2});
    manifest.petrel.device = device_choice::cuda;
    torch_runtime::runtime runtime{1, {nullptr, "no NVIDIA driver"}};
    const auto module
      = runtime.load({{manifest.name, 1}, manifest, files.folder()});
    BOOST_REQUIRE(!module);
    BOOST_TEST(has(module.error().message, "no NVIDIA driver"));
    BOOST_TEST(has(module.error().next_step, "device: auto"));
  }

  BOOST_AUTO_TEST_CASE(model_larger_than_the_device_stays_on_the_cpu) {
    site here;
    here.state.facts.free_bytes = 1000;
    auto module = here.load(device_choice::automatic);
    BOOST_REQUIRE(static_cast<bool>(module));
    const auto facts = (*module)->facts();
    BOOST_TEST(facts.at("device") == "cpu");
    BOOST_TEST(has(facts.at("no_gpu"), "does not fit: Fake GPU"),
               facts.at("no_gpu"));
    BOOST_TEST(here.state.lanes == 0);
    auto refused = here.load(device_choice::cuda);
    BOOST_REQUIRE(!refused);
    BOOST_TEST(has(refused.error().message, "does not fit"));
  }

  BOOST_AUTO_TEST_CASE(gpu_with_other_results_is_not_used) {
    site here;
    here.state.wrong = true;
    auto module = here.load(device_choice::automatic);
    BOOST_REQUIRE(static_cast<bool>(module));
    BOOST_TEST(has((*module)->facts().at("no_gpu"), "not the CPU's"));
  }

  BOOST_AUTO_TEST_CASE(gpu_without_memory_at_load_is_not_used) {
    site here;
    here.state.out_of_memory = true;
    auto module = here.load(device_choice::automatic);
    BOOST_REQUIRE(static_cast<bool>(module));
    BOOST_TEST(has((*module)->facts().at("no_gpu"), "ran out of memory"));
    BOOST_TEST(!here.load(device_choice::cuda));
  }

  BOOST_AUTO_TEST_CASE(event_without_gpu_memory_runs_on_the_cpu) {
    site here;
    auto module = here.prefer_gpu();
    here.state.out_of_memory = true;
    context calls;
    BOOST_TEST(text(ask(module, calls)) == "{\"labels\":[3,7]}");
    BOOST_REQUIRE(calls.lines.size() == 1u);
    BOOST_TEST(has(calls.lines[0], "this event runs on the CPU"));
  }

  BOOST_AUTO_TEST_CASE(event_without_gpu_memory_is_refused_where_it_must_run) {
    site here;
    auto module = here.load(device_choice::cuda);
    BOOST_REQUIRE(static_cast<bool>(module));
    here.state.out_of_memory = true;
    context calls;
    const auto answer = ask(**module, calls);
    BOOST_TEST(name(answer.code) == "unavailable");
    BOOST_TEST(has(answer.message, "ran out of memory"));
  }

  BOOST_AUTO_TEST_CASE(model_with_state_does_not_change_its_device) {
    site here{counting};
    auto module = here.prefer_gpu();
    here.state.out_of_memory = true;
    context calls;
    BOOST_TEST(name(ask(module, calls).code) == "unavailable");
  }

  BOOST_AUTO_TEST_SUITE_END()
