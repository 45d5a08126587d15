#include "functions/torch/torch_module.hpp"

#include "functions/torch/torch_instance.hpp"

#include <torch/version.h>

#include <algorithm>
#include <cstdio>

namespace faas::torch_runtime {
namespace {

/// What a point's batch takes when it runs in steps.
double service_ms(const std::vector<trial_point>& points, int64_t step,
                  memory_layout layout, const trial_point& point) {
  if (step != 0 && point.n > step)
    for (const auto& one : points)
      if (one.n == step)
        return one.ms(layout) * static_cast<double>(point.n)
               / static_cast<double>(one.n);
  return point.ms(layout);
}

std::string ms_text(double ms) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", ms);
  return text;
}

std::string trial_text(const std::vector<trial_point>& points, bool compared) {
  std::string text;
  for (const auto& point : points) {
    text += text.empty() ? "" : "; ";
    text += "n=" + std::to_string(point.n) + ": nchw " + ms_text(point.nchw_ms)
            + " ms";
    if (compared)
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
                           gpu_outcome on_gpu, const size_feature& size,
                           double load_ms)
  : settings_(std::make_shared<const module_settings>(std::move(settings))),
    model_(trial.chosen), gpu_(std::move(on_gpu)) {
  const auto& points = gpu_.chosen ? gpu_.points : trial.points;
  const auto step = gpu_.chosen ? gpu_.step : trial.step;
  const auto layout = gpu_.chosen ? gpu_.chosen->layout() : model_.layout();
  for (const auto& point : points)
    times_.push_back({point.n, service_ms(points, step, layout, point)});
  batching_
    = joined_by(settings_->plan, settings_->inputs, model_.stateful(), step);
  for (const auto& point : points)
    profile_.push_back(
      {feature_of(size, settings_->inputs.body_bytes(point.n), point.n),
       service_ms(points, step, layout, point)});
  facts_ = {{"artifact", model_.package() ? "aoti" : "torchscript"},
            {"libtorch", TORCH_VERSION},
            {"layout", std::string{name(model_.layout())}},
            {"input", settings_->inputs.expected()},
            {"batch_step", std::to_string(settings_->step)},
            {"stateful", model_.stateful() ? "yes" : "no"},
            {"threads_per_call", std::to_string(settings_->threads)},
            {"batch_most", std::to_string(batching_.most)},
            {"load_ms", ms_text(load_ms)},
            {"trial", trial_text(trial.points, trial.compared)}};
  if (batching_.most > 1) { // for those who route to it
    facts_["batch_size"] = ms_text(feature_of(
      size, settings_->inputs.body_bytes(batching_.most), batching_.most));
    facts_["batch_window_ms"] = ms_text(to_ms(batching_.window));
  }
  if (settings_->bytes > 0) {
    facts_["memory_bytes"] = std::to_string(settings_->bytes);
    facts_["memory_kind"] = "weights, in the node's process";
  }
  if (const auto* package = model_.package())
    facts_["isa"] = package->isa().empty()
                      ? "not said: that of the machine that compiled it"
                      : package->isa();
  describe_device();
}

batching joined_by(const batch_plan& plan, const tensor::input_layout& inputs,
                   bool stateful, int64_t step) {
  const auto all = inputs.inputs();
  const bool joinable
    = step > 0 && !stateful
      && std::all_of(all.begin(), all.end(),
                     [](const auto& one) { return one.batched; });
  if (!joinable)
    return {};
  const auto wanted = plan.most != 0 ? int64_t{plan.most} : step;
  return {static_cast<uint32_t>(std::min(wanted, inputs.max_batch())),
          plan.window};
}

batch_share torch_module::share_of(const invocation& event) const noexcept {
  try {
    const auto n = settings_->inputs.batch_of(event);
    return {n ? static_cast<uint32_t>(*n) : 0, 0};
  } catch (const std::exception&) {
    return {};
  }
}

duration torch_module::batch_time(uint32_t items) const noexcept {
  // Between the sizes of the trial in a straight line, beyond them in
  // proportion.
  const auto n = static_cast<double>(items);
  const item_time* below = nullptr;
  for (const auto& one : times_) {
    const auto size = static_cast<double>(one.n);
    if (size >= n && !below)
      return from_ms(one.ms);
    if (size >= n) {
      const auto from = static_cast<double>(below->n);
      return from_ms(below->ms
                     + (one.ms - below->ms) * (n - from) / (size - from));
    }
    below = &one;
  }
  return below ? from_ms(below->ms * n / static_cast<double>(below->n))
               : duration::zero();
}

void torch_module::describe_device() {
  facts_["device"] = gpu_.chosen ? settings_->gpu->facts().name : "cpu";
  if (!gpu_.why.empty())
    facts_["no_gpu"] = gpu_.why;
  if (!gpu_.points.empty())
    facts_["trial_gpu"] = trial_text(gpu_.points, true);
  if (!gpu_.chosen)
    return;
  facts_["layout"] = std::string{name(gpu_.chosen->layout())};
  facts_["batch_step"] = std::to_string(gpu_.step);
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
  std::optional<gpu_seat> seat;
  if (gpu_.chosen) {
    auto taken = take_seat(*settings_->gpu, *gpu_.chosen, settings_->inputs,
                           settings_->graphs);
    if (!taken)
      return taken.error();
    seat = *std::move(taken);
  }
  return make_torch_instance(settings_, std::move(copy), std::move(seat),
                             gpu_.step);
} catch (const std::exception& thrown) {
  return error{errc::bad_bundle, "cannot make an instance: " + reason(thrown),
               "is the node out of memory?"};
}

} // namespace faas::torch_runtime
