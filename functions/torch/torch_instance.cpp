#include "functions/torch/torch_instance.hpp"

#include "libfaas/core/back_before.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>

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
  torch_instance(std::shared_ptr<const module_settings> settings, model subject,
                 std::optional<gpu_seat> seat, int64_t gpu_step)
    : settings_(std::move(settings)), model_(std::move(subject)),
      seat_(std::move(seat)), gpu_step_(gpu_step) {}

  void invoke_batch(std::span<const invocation* const> events,
                    std::span<invocation_context* const> contexts,
                    std::span<reply> answers) noexcept override try {
    if (!run_together(events, contexts, answers))
      function_instance::invoke_batch(events, contexts, answers);
  } catch (const std::exception&) { // out of memory: smaller pieces may do
    function_instance::invoke_batch(events, contexts, answers);
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
    count_arrivals(events.size());
    const c10::InferenceMode inference;
    joined_context everyone{contexts};
    const auto output = run_model(join(events, sizes), all, everyone);
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

  void count_arrivals(size_t events) const noexcept {
    if (settings_->lease)
      settings_->lease->arrived(events);
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
    count_arrivals(1);
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
    const auto threads = take_threads(context);
    if (auto useless = stop(context))
      return *useless;
    if (settings_->budget && !threads)
      return error{errc::deadline_exceeded,
                   "other models had the node's threads until the deadline",
                   "send less, or raise torch.all_threads or petrel.timeout"};
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

  std::optional<thread_budget::share>
  take_threads(const invocation_context& context) const {
    if (!settings_->budget)
      return std::nullopt;
    const auto now = std::chrono::steady_clock::now();
    return settings_->budget->take(
      static_cast<uint32_t>(settings_->threads),
      back_before(now + context.remaining(), now),
      [&] { return context.cancelled(); });
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
  const int64_t gpu_step_;
};

} // namespace

std::unique_ptr<function_instance>
make_torch_instance(std::shared_ptr<const module_settings> settings,
                    model subject, std::optional<gpu_seat> seat,
                    int64_t gpu_step) {
  return std::make_unique<torch_instance>(
    std::move(settings), std::move(subject), std::move(seat), gpu_step);
}

} // namespace faas::torch_runtime
