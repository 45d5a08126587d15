// The trial run: layout, steps, profile.
#include "functions/torch/torch_module.hpp"
#include "tests/unit/torch/models.hpp"

#include <ATen/ATen.h>
#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace torch_test;
using namespace faas::torch_runtime;

namespace {

std::vector<uint8_t> noise(size_t bytes) {
  std::vector<uint8_t> made(bytes);
  uint32_t seed = 7;
  for (auto& byte : made)
    byte = static_cast<uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return made;
}

std::vector<part> parts(std::initializer_list<part> list) {
  return list;
}

model need(const bundle& files, memory_layout layout) {
  auto made = model::load(files.file(), layout);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(made),
                        (made ? std::string{} : made.error().to_string()));
  return *std::move(made);
}

} // namespace

BOOST_AUTO_TEST_SUITE(trial_test)

  BOOST_AUTO_TEST_CASE(sizes_stop_at_the_largest_batch) {
    BOOST_TEST(trial_sizes(1) == std::vector<int64_t>{1});
    BOOST_TEST(trial_sizes(31) == (std::vector<int64_t>{1, 8}));
    BOOST_TEST(trial_sizes(10000) == (std::vector<int64_t>{1, 8, 32, 128}));
  }

  BOOST_AUTO_TEST_CASE(layout_with_less_time_over_all_sizes_is_chosen) {
    const auto last = memory_layout::channels_last;
    const auto rows = memory_layout::nchw;
    BOOST_TEST((faster_layout({{1, 2, 1}, {8, 10, 6}}) == last));
    BOOST_TEST((faster_layout({{1, 1, 2}, {8, 6, 10}}) == rows));
    BOOST_TEST((faster_layout({{1, 1, 1.1}, {8, 10, 5}}) == last));
    BOOST_TEST((faster_layout({{1, 1, 1}}) == rows));
    BOOST_TEST((faster_layout({}) == rows));
    BOOST_TEST((faster_layout({{1, 0, 0}}) == rows));
  }

  BOOST_AUTO_TEST_CASE(step_is_the_smallest_that_costs_hardly_more) {
    const std::vector<int64_t> steps{8, 32, 128};
    BOOST_TEST(best_step({steps, {{50, 45, 45.5}}}) == 32);
    BOOST_TEST(best_step({steps, {{45.5, 45, 45}}}) == 8);
    BOOST_TEST(best_step({steps, {{60, 50, 40}}}) == 128);
    BOOST_TEST(best_step({steps, {}}) == 128); // no time to compare
    BOOST_TEST(best_step({}) == 0);
    BOOST_TEST(best_step({{1}, {}}) == 1);
  }

  BOOST_AUTO_TEST_CASE(a_machine_now_fast_now_slow_does_not_choose_the_step) {
    // Steps of 8 cost 10 % more. Each round the machine has another speed, and
    // in some it changes in the middle.
    step_trial trial{{8, 32, 128}, {}};
    for (const double slow : {1.0, 1.7, 1.0, 1.3, 1.7})
      trial.rounds.push_back({49.5 * slow, 45 * slow, 45 * slow});
    trial.rounds.push_back({49.5, 45 * 1.7, 45 * 1.7});
    trial.rounds.push_back({49.5 * 1.7, 45, 45});
    BOOST_TEST(best_step(trial) == 32);
  }

  BOOST_AUTO_TEST_CASE(steps_that_are_far_too_slow_are_not_tried) {
    const std::vector<trial_point> points{
      {1, 1, 1}, {8, 4, 8}, {32, 14, 16}, {128, 61, 30}};
    BOOST_TEST((likely_steps(points, memory_layout::nchw)
                == std::vector<int64_t>{8, 32, 128}));
    BOOST_TEST((likely_steps(points, memory_layout::channels_last)
                == std::vector<int64_t>{128}));
    BOOST_TEST(likely_steps({}, memory_layout::nchw).empty());
  }

  BOOST_AUTO_TEST_CASE(batches_split_into_equal_parts_that_cover_them) {
    BOOST_TEST((split(38, 32) == parts({{0, 38}})));
    BOOST_TEST((split(100, 32) == parts({{0, 33}, {33, 33}, {66, 34}})));
    BOOST_TEST((split(5, 0) == parts({{0, 5}})));
    BOOST_TEST((split(1, 8) == parts({{0, 1}})));
    for (int64_t n = 1; n < 400; ++n)
      for (const int64_t step : {1, 2, 8, 32, 128}) {
        int64_t next = 0, largest = 0;
        for (const auto& one : split(n, step)) {
          BOOST_REQUIRE(one.first == next && one.count > 0);
          next += one.count;
          largest = std::max(largest, one.count);
        }
        BOOST_REQUIRE(next == n);
        BOOST_REQUIRE(largest <= step + (step + 1) / 2);
      }
  }

  BOOST_AUTO_TEST_CASE(size_feature_of_a_profile_point_follows_the_manifest) {
    size_feature size;
    BOOST_TEST(feature_of(size, 1568, 2) == 1568);
    size.divisor = 784;
    BOOST_TEST(feature_of(size, 1568, 2) == 2);
    size.divisor = 0;
    BOOST_TEST(feature_of(size, 1568, 2) == 2);
    size.from = size_feature::kind::header;
    BOOST_TEST(feature_of(size, 1568, 3) == 3);
  }

  BOOST_AUTO_TEST_CASE(both_layouts_are_tried_and_give_the_same_scores) {
    for (const int64_t channels : {1, 3}) {
      const bundle files;
      write_cnn(files, channels);
      const auto manifest = spec("UINT8", {-1, channels, 28, 28}, "tensor");
      auto layout = tensor::input_layout::make(manifest.petrel.inputs, 1 << 20);
      BOOST_REQUIRE(layout);
      auto rows = need(files, memory_layout::nchw);
      auto last = need(files, memory_layout::channels_last);
      BOOST_TEST(rows.moved_weights() == 0u);
      BOOST_TEST(last.moved_weights() == 2u);
      const auto bytes = noise(784 * channels * 5);
      const std::string_view body{reinterpret_cast<const char*>(bytes.data()),
                                  bytes.size()};
      const auto run = [&](model& one) {
        auto inputs = make_inputs(*layout, body, 5, {0, 5}, one.layout());
        auto output = one.run(std::move(inputs));
        BOOST_REQUIRE(output);
        return *output;
      };
      BOOST_TEST(at::allclose(run(rows), run(last), 1e-4, 1e-5));
      loaded tried{files, manifest};
      BOOST_TEST(has(tried.module().facts().at("trial"), "channels_last"));
    }
  }

  BOOST_AUTO_TEST_CASE(inputs_have_the_strides_of_the_layout) {
    const auto layout
      = tensor::input_layout::make({{"x", "UINT8", {-1, 1, 2, 2}}}, 1 << 10);
    BOOST_REQUIRE(layout);
    const auto first = [&](memory_layout order) {
      return make_inputs(*layout, std::string(8, 'x'), 2, {0, 2}, order)[0]
        .toTensor();
    };
    BOOST_TEST((first(memory_layout::nchw).suggest_memory_format()
                == at::MemoryFormat::Contiguous));
    BOOST_TEST((first(memory_layout::channels_last).suggest_memory_format()
                == at::MemoryFormat::ChannelsLast));
  }

  BOOST_AUTO_TEST_CASE(model_that_fails_in_channels_last_runs_row_major) {
    const bundle files;
    write_model(files, R"(
def forward(self, x):
    return torch.conv2d(x.float(), self.w).view([-1, 10])
)",
                {{"w", {4, 3, 2, 2}}}); // 4*5*5 = 100 elements an item: 10 rows
    auto manifest = spec("UINT8", {-1, 3, 6, 6}, "tensor");
    loaded model{files, manifest};
    const auto facts = model.module().facts();
    BOOST_TEST(facts.at("layout") == "nchw");
    BOOST_TEST(!has(facts.at("trial"), "channels_last"));
    BOOST_TEST(facts.at("batch_step") == "0"); // 10 rows an item: not items
    BOOST_TEST((model.invoke(noise(108 * 3)).code == errc::ok));
  }

  BOOST_AUTO_TEST_CASE(model_whose_items_depend_on_each_other_is_not_split) {
    const bundle files;
    write_model(files, "def forward(self, x):\n    return x - x.mean(0)\n");
    loaded model{files, spec("FP32", {-1, 4}, "tensor")};
    BOOST_TEST(model.module().facts().at("batch_step") == "0");
    std::vector<float> values(4 * 300);
    values[0] = 300;
    const auto answer = elements<float>(model.invoke(values));
    BOOST_REQUIRE(answer.size() == values.size());
    BOOST_TEST(answer[0] == 299);
    BOOST_TEST(answer.back() == 0);
    BOOST_TEST(answer[4] == -1);
  }

  BOOST_AUTO_TEST_CASE(batch_gives_what_its_items_give_alone) {
    const bundle files;
    write_cnn(files, 1);
    loaded model{files, spec("UINT8", {-1, 1, 28, 28})};
    BOOST_TEST(model.module().facts().at("batch_step") != "0");
    const auto bytes = noise(784 * 150);
    std::string alone;
    for (size_t i = 0; i < 150; ++i) {
      const std::vector<uint8_t> one{bytes.begin() + i * 784,
                                     bytes.begin() + (i + 1) * 784};
      const auto answer = text(model.invoke(one));
      alone
        += (alone.empty() ? "" : ",") + answer.substr(11, answer.size() - 13);
    }
    BOOST_TEST(text(model.invoke(bytes)) == "{\"labels\":[" + alone + "]}");
  }

  BOOST_AUTO_TEST_CASE(profile_has_times_over_the_size_feature) {
    const bundle files;
    write_cnn(files, 1);
    auto manifest = spec("UINT8", {-1, 1, 28, 28});
    manifest.petrel.size.divisor = 784;
    loaded model{files, manifest};
    const auto profile = model.module().profile();
    BOOST_REQUIRE(profile.size() >= 2u);
    BOOST_TEST(profile[0].size == 1);
    BOOST_TEST(profile[1].size == 8);
    for (const auto& point : profile)
      BOOST_TEST(point.ms > 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
