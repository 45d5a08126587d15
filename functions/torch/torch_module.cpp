#include "functions/torch/torch_module.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <cstdio>

namespace faas::torch_runtime {
namespace {

class torch_instance final : public function_instance {
public:
  torch_instance(std::shared_ptr<const module_settings> settings, model subject)
    : settings_(std::move(settings)), model_(std::move(subject)) {}

  reply invoke(const invocation& event,
               invocation_context& context) noexcept override try {
    auto answer = run(event, context);
    if (answer.code == errc::function_failed)
      context.log(log_level::error, answer.message);
    return answer;
  } catch (const std::exception& thrown) {
    return reply::failure({errc::function_failed,
                           "the model's call failed: " + reason(thrown),
                           "see the function's log"});
  }

private:
  reply run(const invocation& event, invocation_context& context) {
    const auto n = settings_->inputs.batch_of(event);
    if (!n)
      return reply::failure(n.error());
    if (auto useless = stop(context))
      return reply::failure(*useless);
    prepare_thread(settings_->threads);
    const c10::InferenceMode inference;
    auto output = run_steps(event.body.view(), *n, context);
    auto answer = output ? make_reply(*output, settings_->output, *n,
                                      tensor::accepted_format(event.headers))
                         : reply::failure(output.error());
    answer.started = true;
    return answer;
  }

  result<at::Tensor> run_steps(std::string_view body, int64_t n,
                               const invocation_context& context) {
    std::vector<at::Tensor> outputs;
    for (const auto& items : split(n, settings_->step)) {
      auto output = model_.run(
        make_inputs(settings_->inputs, body, n, items, model_.layout()));
      if (!output)
        return output;
      if (auto useless = stop(context))
        return *useless;
      outputs.push_back(*std::move(output));
    }
    return outputs.size() == 1 ? outputs.front() : at::cat(outputs);
  }

  /// A call of the model cannot be interrupted, so look before and after it.
  static std::optional<error> stop(const invocation_context& context) {
    if (context.cancelled())
      return error{errc::cancelled, "nobody waits for the answer", ""};
    if (context.remaining() <= duration::zero())
      return error{errc::deadline_exceeded, "out of time",
                   "send smaller batches or raise petrel.timeout"};
    return std::nullopt;
  }

  const std::shared_ptr<const module_settings> settings_;
  model model_;
};

/// What a point's batch takes when it runs in steps.
double service_ms(const trial_outcome& trial, const trial_point& point) {
  const auto layout = trial.chosen.layout();
  if (trial.step != 0 && point.n > trial.step)
    for (const auto& one : trial.points)
      if (one.n == trial.step)
        return one.ms(layout) * static_cast<double>(point.n)
               / static_cast<double>(one.n);
  return point.ms(layout);
}

std::string ms_text(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", ms);
  return text;
}

std::string trial_text(const trial_outcome& trial) {
  std::string text;
  for (const auto& point : trial.points) {
    text += text.empty() ? "" : "; ";
    text += "n=" + std::to_string(point.n) + ": nchw " + ms_text(point.nchw_ms)
            + " ms";
    if (trial.compared)
      text += ", channels_last " + ms_text(point.channels_last_ms) + " ms";
  }
  return text;
}

} // namespace

double feature_of(const size_feature& size, uint64_t body_bytes,
                  int64_t n) noexcept {
  if (size.from != size_feature::kind::bytes || !(size.divisor > 0))
    return static_cast<double>(n);
  return static_cast<double>(body_bytes) / size.divisor;
}

torch_module::torch_module(module_settings settings, const trial_outcome& trial,
                           const size_feature& size, double load_ms)
  : settings_(std::make_shared<const module_settings>(std::move(settings))),
    model_(trial.chosen) {
  for (const auto& point : trial.points)
    profile_.push_back(
      {feature_of(size, settings_->inputs.body_bytes(point.n), point.n),
       service_ms(trial, point)});
  facts_ = {{"artifact", "torchscript"},
            {"libtorch", TORCH_VERSION},
            {"layout", std::string{name(model_.layout())}},
            {"input", settings_->inputs.expected()},
            {"batch_step", std::to_string(settings_->step)},
            {"stateful", model_.stateful() ? "yes" : "no"},
            {"threads_per_call", std::to_string(settings_->threads)},
            {"load_ms", ms_text(load_ms)},
            {"trial", trial_text(trial)}};
}

result<std::unique_ptr<function_instance>> torch_module::create_instance() try {
  prepare_thread(settings_->threads);
  auto copy = model_.copy();
  if (!model_.stateful()) {
    auto warm
      = copy.run(make_trial_inputs(settings_->inputs, 1, model_.layout()));
    if (!warm)
      return warm.error();
  }
  return std::unique_ptr<function_instance>{
    std::make_unique<torch_instance>(settings_, std::move(copy))};
} catch (const std::exception& thrown) {
  return error{errc::bad_bundle, "cannot make an instance: " + reason(thrown),
               "is the node out of memory?"};
}

} // namespace faas::torch_runtime
