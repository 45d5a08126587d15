#include "functions/torch/trial.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <optional>

namespace faas::torch_runtime {
namespace {

namespace fs = std::filesystem;
using clock = std::chrono::steady_clock;

constexpr int warm_up_calls = 2;
constexpr size_t timed_rounds = 5;
/// Of batches that take long; the layouts differ by more than their noise.
constexpr size_t rounds_of_large = 2;
constexpr int64_t large = 128;
constexpr size_t step_rounds = 9;

double elapsed_ms(clock::time_point since) {
  return to_ms(clock::now() - since);
}

/// The least: other work on the machine only adds.
double least(const std::vector<double>& values) {
  return *std::min_element(values.begin(), values.end());
}

/// One layout of the model on trial. Runs a copy: a trial must not leave
/// traces in the state of a model that has one.
class candidate {
public:
  explicit candidate(model subject)
    : subject_(std::move(subject)), runner_(subject_.copy()) {}

  /// The output of the last warm-up call.
  result<at::Tensor> warm_up(const tensor::input_layout& inputs,
                             output_kind kind) {
    result<at::Tensor> output{at::Tensor{}};
    for (int i = 0; i < warm_up_calls; ++i) {
      output = runner_.run(make_trial_inputs(inputs, 1, subject_.layout()));
      if (!output)
        return output;
    }
    const auto answer = make_reply(*output, kind, 1, tensor::format::any);
    if (answer.code != errc::ok)
      return error{answer.code, answer.message, answer.next_step};
    return output;
  }

  /// Milliseconds of one call; the inputs are made before.
  result<double> time(const std::vector<c10::IValue>& inputs) {
    const auto began = clock::now();
    auto output = runner_.run(inputs);
    const auto took = elapsed_ms(began);
    if (!output)
      return output.error();
    return took;
  }

  const model& subject() const noexcept { return subject_; }

private:
  model subject_;
  model runner_;
};

bool same(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes() || a.scalar_type() != b.scalar_type())
    return false;
  const at::NoGradGuard no_gradients;
  return a.is_floating_point() ? at::allclose(a, b, 1e-2, 1e-3, true)
                               : at::equal(a, b);
}

error refused(const fs::path& file, const tensor::input_layout& inputs,
              const error& why) {
  return {errc::bad_bundle,
          file.filename().string() + " fails its trial run on "
            + inputs.expected() + ": " + why.message,
          "check petrel.inputs and petrel.output in stack.yml against the "
          "model, or mend the model"};
}

bool has_4d_input(const tensor::input_layout& inputs) {
  return std::any_of(inputs.inputs().begin(), inputs.inputs().end(),
                     [](const auto& one) { return one.shape.size() == 4; });
}

/// The channels-last candidate, when it can and should be compared.
std::optional<candidate> second_candidate(const model_source& source,
                                          const tensor::input_layout& inputs,
                                          output_kind kind,
                                          const at::Tensor& expected) {
  if (source.kind == artifact_kind::aoti)
    return std::nullopt;
  auto loaded = model::open(source, memory_layout::channels_last);
  if (!loaded || (!has_4d_input(inputs) && loaded->moved_weights() == 0))
    return std::nullopt;
  candidate made{*std::move(loaded)};
  auto output = made.warm_up(inputs, kind);
  if (!output || !same(*output, expected))
    return std::nullopt;
  return made;
}

/// Times one batch size. Nothing when a candidate fails at this size: models
/// may refuse large batches.
std::optional<trial_point> time_size(std::vector<candidate>& candidates,
                                     const tensor::input_layout& inputs,
                                     int64_t n, clock::time_point deadline) {
  std::vector<std::vector<c10::IValue>> arguments;
  for (auto& one : candidates)
    arguments.push_back(make_trial_inputs(inputs, n, one.subject().layout()));
  std::vector<std::vector<double>> times(candidates.size());
  const auto rounds = n < large ? timed_rounds : rounds_of_large;
  for (size_t round = 0; round <= rounds; ++round) {
    for (size_t i = 0; i < candidates.size(); ++i) {
      auto took = candidates[i].time(arguments[i]);
      if (!took)
        return std::nullopt;
      times[i].push_back(*took);
    }
    if (clock::now() > deadline)
      break;
  }
  const auto first = least(times.front());
  return trial_point{n, first, times.size() > 1 ? least(times[1]) : first};
}

std::vector<trial_point> time_all(std::vector<candidate>& candidates,
                                  const tensor::input_layout& inputs) {
  const auto deadline = clock::now() + trial_budget;
  std::vector<trial_point> points;
  for (const auto n : trial_sizes(inputs.max_batch())) {
    if (!points.empty()) {
      // At worst twice as slow per item as before, in each call.
      const auto& last = points.back();
      const auto call = (last.nchw_ms + last.channels_last_ms) * 2
                        * static_cast<double>(n) / static_cast<double>(last.n);
      if (clock::now() + from_ms(call) > deadline)
        break;
    }
    auto point = time_size(candidates, inputs, n, deadline);
    if (!point)
      break;
    points.push_back(*point);
  }
  return points;
}

/// True when the items of a batch do not depend on each other, as far as one
/// batch can show: its parts give the same as the whole.
bool independent(model runner, const tensor::input_layout& inputs) {
  constexpr int64_t whole = 5;
  if (runner.stateful() || inputs.max_batch() < whole)
    return false;
  const auto arguments = make_trial_inputs(inputs, whole, runner.layout());
  const auto expected = runner.run(arguments);
  if (!expected || expected->dim() == 0 || expected->size(0) != whole)
    return false;
  for (const auto& [first, count] : split(whole, 2)) {
    auto part = arguments;
    for (size_t i = 0; i < part.size(); ++i)
      if (inputs.inputs()[i].batched)
        part[i] = in_layout(part[i].toTensor().narrow(0, first, count),
                            runner.layout());
    const auto got = runner.run(std::move(part));
    if (!got || !same(*got, expected->narrow(0, first, count)))
      return false;
  }
  return true;
}

/// Runs as many items as the largest step has in steps of each size, in turns.
/// The rounds so far when the model fails or time is up.
step_trial time_steps(model runner, const tensor::input_layout& inputs,
                      std::vector<int64_t> steps) {
  step_trial trial{std::move(steps), {}};
  std::vector<std::vector<c10::IValue>> arguments;
  for (const auto n : trial.steps)
    arguments.push_back(make_trial_inputs(inputs, n, runner.layout()));
  const auto deadline = clock::now() + step_budget;
  while (trial.steps.size() > 1 && trial.rounds.size() < step_rounds
         && clock::now() < deadline) {
    std::vector<double> times;
    for (size_t i = 0; i < trial.steps.size(); ++i) {
      const auto calls = trial.steps.back() / trial.steps[i];
      const auto began = clock::now();
      for (int64_t call = 0; call < calls; ++call)
        if (!runner.run(arguments[i]))
          return trial;
      times.push_back(elapsed_ms(began)
                      * static_cast<double>(trial.steps.back())
                      / static_cast<double>(calls * trial.steps[i]));
    }
    trial.rounds.push_back(std::move(times));
  }
  return trial;
}

} // namespace

std::vector<int64_t> trial_sizes(int64_t max_batch) {
  std::vector<int64_t> sizes;
  for (const int64_t n : {1, 8, 32, 128})
    if (n <= max_batch)
      sizes.push_back(n);
  return sizes;
}

memory_layout faster_layout(const std::vector<trial_point>& points) noexcept {
  double log_ratio = 0;
  for (const auto& point : points)
    log_ratio += std::log(std::max(point.channels_last_ms, 1e-6)
                          / std::max(point.nchw_ms, 1e-6));
  return log_ratio < 0 ? memory_layout::channels_last : memory_layout::nchw;
}

result<trial_outcome> run_trial(const model_source& source,
                                const tensor::input_layout& inputs,
                                output_kind kind) {
  auto loaded = model::open(source, memory_layout::nchw);
  if (!loaded)
    return loaded.error();
  std::vector<candidate> candidates;
  candidates.emplace_back(*std::move(loaded));
  auto output = candidates.front().warm_up(inputs, kind);
  if (!output)
    return refused(source.file, inputs, output.error());
  if (auto second = second_candidate(source, inputs, kind, *output))
    candidates.push_back(*std::move(second));
  const auto points = time_all(candidates, inputs);
  const bool compared = candidates.size() > 1;
  const bool second
    = compared && faster_layout(points) == memory_layout::channels_last;
  const auto& chosen = candidates[second].subject();
  const auto step
    = independent(chosen.copy(), inputs) ? best_step(time_steps(
        chosen.copy(), inputs, likely_steps(points, chosen.layout())))
                                         : 0;
  return trial_outcome{chosen, points, compared, step};
}

result<trial_outcome> load_as_found(const model_source& source,
                                    const tensor::input_layout& inputs,
                                    output_kind kind,
                                    const trial_finding& found) {
  auto loaded = model::open(source, found.layout);
  if (!loaded)
    return loaded.error();
  candidate chosen{*std::move(loaded)};
  if (auto output = chosen.warm_up(inputs, kind); !output)
    return refused(source.file, inputs, output.error());
  return trial_outcome{chosen.subject(), found.points, found.compared,
                       found.step};
}

} // namespace faas::torch_runtime
