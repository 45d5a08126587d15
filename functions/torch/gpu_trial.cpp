#include "functions/torch/gpu_trial.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

namespace faas::torch_runtime {
namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

constexpr size_t timed_rounds = 7;
/// Enough for a lane to record its graph.
constexpr size_t warm_up_calls = 4;
/// A GPU multiplies with shorter mantissas (TF32): results differ from the
/// CPU's by up to this share of the largest value.
constexpr double tolerance = 0.02;

std::string megabytes(uint64_t bytes) {
  return std::to_string((bytes + (1 << 19)) >> 20) + " MiB";
}

std::optional<error> go_on() {
  return std::nullopt;
}

bool close(const at::Tensor& got, const at::Tensor& expected) {
  if (got.sizes() != expected.sizes()
      || got.scalar_type() != expected.scalar_type())
    return false;
  const c10::InferenceMode inference;
  if (!expected.is_floating_point())
    return at::equal(got, expected);
  if (expected.numel() == 0)
    return true;
  const auto a = got.to(at::kDouble), b = expected.to(at::kDouble);
  if (!at::equal(a.isfinite(), b.isfinite()))
    return false;
  const auto largest = b.nan_to_num(0, 0, 0).abs().max().item<double>();
  const auto off = (a - b).nan_to_num(0, 0, 0).abs().max().item<double>();
  return off <= tolerance * std::max(largest, 1e-3);
}

/// One layout of the model on the GPU, behind a lane of its own.
class candidate {
public:
  static result<candidate> make(device& gpu, const fs::path& file,
                                const tensor::input_layout& inputs,
                                memory_layout layout) {
    auto loaded = model::load(file, layout, gpu.place());
    if (!loaded)
      return loaded.error();
    auto seat = take_seat(gpu, *loaded, inputs);
    if (!seat)
      return seat.error();
    return candidate{*std::move(loaded), *std::move(seat), inputs};
  }

  result<at::Tensor> run(const std::string& body, int64_t n, int64_t step) {
    const auto parts = split(n, step);
    return seat_.lane->run(body, n, parts, go_on);
  }

  /// Median milliseconds of a call in steps; nothing when it fails.
  std::optional<double> time(int64_t n, int64_t step,
                             clock::time_point deadline) {
    const auto body = trial_body(*inputs_, n);
    std::vector<double> times;
    for (size_t i = 0; i < warm_up_calls + timed_rounds; ++i) {
      const auto began = clock::now();
      if (!run(body, n, step))
        return std::nullopt;
      const auto now = clock::now();
      if (i >= warm_up_calls || now > deadline)
        times.push_back(to_ms(now - began));
      if (now > deadline)
        break;
    }
    const auto middle
      = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
    std::nth_element(times.begin(), middle, times.end());
    return *middle;
  }

  const model& subject() const noexcept { return subject_; }

private:
  candidate(model subject, gpu_seat seat, const tensor::input_layout& inputs)
    : subject_(std::move(subject)), seat_(std::move(seat)), inputs_(&inputs) {}

  model subject_;
  gpu_seat seat_;
  const tensor::input_layout* inputs_;
};

/// The candidate gives what the CPU gives; else why not.
std::string differs(candidate& one, const model& cpu,
                    const tensor::input_layout& inputs) {
  auto runner = cpu.copy();
  const auto expected = runner.run(make_trial_inputs(inputs, 1, cpu.layout()));
  if (!expected)
    return expected.error().message;
  const auto got = one.run(trial_body(inputs, 1), 1, 0);
  if (!got)
    return got.error().message;
  return close(*got, *expected) ? "" : "its result on the GPU is not the CPU's";
}

bool worth_second(const tensor::input_layout& inputs, const model& second) {
  return second.moved_weights() != 0
         || std::any_of(inputs.inputs().begin(), inputs.inputs().end(),
                        [](const auto& one) { return one.shape.size() == 4; });
}

std::vector<trial_point> time_all(std::vector<candidate>& candidates,
                                  const tensor::input_layout& inputs,
                                  clock::time_point deadline) {
  std::vector<trial_point> points;
  for (const auto n : trial_sizes(inputs.max_batch())) {
    const auto first = candidates.front().time(n, 0, deadline);
    if (!first)
      break;
    const auto second
      = candidates.size() > 1 ? candidates[1].time(n, 0, deadline) : first;
    if (!second)
      break;
    points.push_back({n, *first, *second});
    if (clock::now() > deadline)
      break;
  }
  return points;
}

/// The fastest way through the largest batch: in one go, or in two or four
/// parts, whose copies overlap with the model's work.
int64_t best_gpu_step(candidate& chosen, int64_t largest) {
  int64_t best = largest;
  double least = 0;
  const auto deadline = clock::now() + step_budget;
  for (const int64_t parts : {1, 2, 4}) {
    const auto step = largest / parts;
    if (step < 8 && parts > 1)
      break;
    const auto took = chosen.time(largest, step, deadline);
    if (took && (least == 0 || *took < least)) {
      least = *took;
      best = step;
    }
  }
  return best;
}

} // namespace

bool fits(uint64_t weights, uint64_t free) noexcept {
  return weights <= free / 5 * 4;
}

bool gpu_is_faster(const std::vector<trial_point>& cpu, memory_layout on_cpu,
                   const std::vector<trial_point>& gpu,
                   memory_layout on_gpu) noexcept {
  double log_ratio = 0;
  bool compared = false;
  for (const auto& a : cpu)
    for (const auto& b : gpu)
      if (a.n == b.n) {
        compared = true;
        log_ratio += std::log(std::max(b.ms(on_gpu), 1e-6)
                              / std::max(a.ms(on_cpu), 1e-6));
      }
  return compared && log_ratio < 0;
}

result<gpu_seat> take_seat(device& gpu, const model& subject,
                           const tensor::input_layout& inputs, bool graphs) {
  auto runner = std::make_shared<model>(subject.copy());
  auto lane = gpu.make_lane({&inputs, subject.layout(),
                             [runner](std::vector<c10::IValue> arguments) {
                               return runner->run(std::move(arguments));
                             },
                             graphs && !subject.stateful()});
  if (!lane)
    return lane.error();
  return gpu_seat{std::move(runner), *std::move(lane)};
}

gpu_outcome run_gpu_trial(device& gpu, const fs::path& file,
                          const tensor::input_layout& inputs,
                          const trial_outcome& cpu, bool need) try {
  gpu_outcome outcome;
  const auto facts = gpu.facts();
  std::error_code failed;
  const auto weights = fs::file_size(file, failed);
  if (!fits(weights, facts.free_bytes)) {
    outcome.why = "the model of " + megabytes(weights) + " does not fit: "
                  + facts.name + " has " + megabytes(facts.free_bytes) + " of "
                  + megabytes(facts.total_bytes)
                  + " free, and a fifth of that is left for its work";
    return outcome;
  }
  std::vector<candidate> candidates;
  for (const auto layout :
       {memory_layout::nchw, memory_layout::channels_last}) {
    auto made = candidate::make(gpu, file, inputs, layout);
    auto why = made ? differs(*made, cpu.chosen, inputs) : made.error().message;
    if (!why.empty() && layout == memory_layout::nchw) {
      outcome.why = std::move(why);
      return outcome;
    }
    if (why.empty()
        && (layout == memory_layout::nchw
            || worth_second(inputs, made->subject())))
      candidates.push_back(*std::move(made));
  }
  outcome.points = time_all(candidates, inputs, clock::now() + trial_budget);
  if (outcome.points.empty()) {
    outcome.why = "its trial run on the GPU failed";
    return outcome;
  }
  const bool second
    = candidates.size() > 1
      && faster_layout(outcome.points) == memory_layout::channels_last;
  auto& chosen = candidates[second];
  const auto& subject = chosen.subject();
  if (!need
      && !gpu_is_faster(cpu.points, cpu.chosen.layout(), outcome.points,
                        subject.layout())) {
    outcome.why = "the trial run was faster on the CPU";
    return outcome;
  }
  if (cpu.step != 0)
    outcome.step = best_gpu_step(chosen, outcome.points.back().n);
  outcome.chosen = subject;
  return outcome;
} catch (const std::exception& thrown) {
  gpu_outcome outcome;
  outcome.why = "its trial run on the GPU failed: " + reason(thrown);
  return outcome;
}

gpu_outcome load_as_found(device& gpu, const fs::path& file,
                          const trial_finding::on_gpu& found) {
  gpu_outcome outcome;
  auto loaded = model::load(file, found.layout, gpu.place());
  if (!loaded) {
    outcome.why = "it could not be loaded again: " + loaded.error().message;
    return outcome;
  }
  outcome.chosen = *std::move(loaded);
  outcome.points = found.points;
  outcome.step = found.step;
  return outcome;
}

} // namespace faas::torch_runtime
