#include "functions/torch/torch_module.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <torch/version.h>

#include <algorithm>
#include <cstdio>

namespace faas::torch_runtime {
namespace {

/// Of several events: it goes on as long as somebody waits.
class joined_context final : public invocation_context {
public:
  explicit joined_context(std::span<invocation_context* const> all)
    : all_(all) {}
  bool cancelled() const noexcept override {
    return std::all_of(all_.begin(), all_.end(),
                       [](const auto* one) { return one->cancelled(); });
  }
  duration remaining() const noexcept override {
    auto most = duration::min();
    for (const auto* one : all_)
      most = std::max(most, one->remaining());
    return most;
  }
  void log(log_level level, std::string_view text) noexcept override {
    all_.front()->log(level, text);
  }

private:
  const std::span<invocation_context* const> all_;
};

class torch_instance final : public function_instance {
public:
  torch_instance(std::shared_ptr<const module_settings> settings, model subject)
    : settings_(std::move(settings)), model_(std::move(subject)) {}

  void invoke_batch(std::span<const invocation* const> events,
                    std::span<invocation_context* const> contexts,
                    std::span<reply> answers) noexcept override try {
    if (!run_together(events, contexts, answers))
      function_instance::invoke_batch(events, contexts, answers);
  } catch (const std::exception&) { // out of memory: smaller pieces may do
    function_instance::invoke_batch(events, contexts, answers);
  }

  void use(gpu_seat seat, int64_t step) {
    seat_ = std::move(seat);
    gpu_step_ = step;
  }

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
  /// False when the joined run failed: nobody is answered then, and each event
  /// runs alone to find the one at fault.
  bool run_together(std::span<const invocation* const> events,
                    std::span<invocation_context* const> contexts,
                    std::span<reply> answers) {
    std::vector<int64_t> sizes;
    int64_t all = 0;
    for (const auto* event : events) {
      const auto n = settings_->inputs.batch_of(*event);
      if (!n)
        return false;
      sizes.push_back(*n);
      all += *n;
    }
    prepare_thread(settings_->threads);
    const c10::InferenceMode inference;
    joined_context everyone{contexts};
    const auto output
      = run_model(join(events, sizes), all, everyone);
    if (!output || output->dim() == 0 || output->size(0) != all)
      return false;
    int64_t first = 0;
    for (size_t i = 0; i < events.size(); ++i) {
      answers[i]
        = make_reply(output->narrow(0, first, sizes[i]), settings_->output,
                     sizes[i], tensor::accepted_format(events[i]->headers));
      answers[i].started = true;
      first += sizes[i];
    }
    return true;
  }

  /// One body out of several: each input's items one after the other.
  std::string join(std::span<const invocation* const> events,
                   const std::vector<int64_t>& sizes) const {
    std::string body;
    std::vector<size_t> at(events.size());
    for (const auto& input : settings_->inputs.inputs())
      for (size_t i = 0; i < events.size(); ++i) {
        const auto bytes = input.item_bytes * static_cast<size_t>(sizes[i]);
        body.append(events[i]->body.view().substr(at[i], bytes));
        at[i] += bytes;
      }
    return body;
  }

  reply run(const invocation& event, invocation_context& context) {
    const auto n = settings_->inputs.batch_of(event);
    if (!n)
      return reply::failure(n.error());
    if (auto useless = stop(context))
      return reply::failure(*useless);
    prepare_thread(settings_->threads);
    const c10::InferenceMode inference;
    auto output = run_model(event.body.view(), *n, context);
    auto answer = output ? make_reply(*output, settings_->output, *n,
                                      tensor::accepted_format(event.headers))
                         : reply::failure(output.error());
    answer.started = true;
    return answer;
  }

  result<at::Tensor> run_model(std::string_view body, int64_t n,
                               invocation_context& context) {
    if (!seat_)
      return run_steps(body, n, context);
    auto output = seat_->lane->run(body, n, split(n, gpu_step_),
                                   [&] { return stop(context); });
    const bool elsewhere = !output && output.error().code == errc::unavailable
                           && !settings_->only_gpu && !model_.stateful();
    if (!elsewhere)
      return output;
    context.log(log_level::warning,
                output.error().message + "; this event runs on the CPU");
    return run_steps(body, n, context);
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
  std::optional<gpu_seat> seat_;
  int64_t gpu_step_ = 0;
};

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
  batching_ = joined_by(settings_->plan, settings_->inputs, model_.stateful(),
                        step);
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
  auto made = std::make_unique<torch_instance>(settings_, std::move(copy));
  if (gpu_.chosen) {
    auto seat = take_seat(*settings_->gpu, *gpu_.chosen, settings_->inputs,
                          settings_->graphs);
    if (!seat)
      return seat.error();
    made->use(*std::move(seat), gpu_.step);
  }
  return std::unique_ptr<function_instance>{std::move(made)};
} catch (const std::exception& thrown) {
  return error{errc::bad_bundle, "cannot make an instance: " + reason(thrown),
               "is the node out of memory?"};
}

} // namespace faas::torch_runtime
