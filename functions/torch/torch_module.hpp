// A loaded version of a torch function, and its instances.
#pragma once

#include "functions/torch/model_store.hpp"
#include "functions/torch/thread_budget.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::torch_runtime {

/// What module and instances share; immutable.
struct module_settings {
  tensor::input_layout inputs;
  output_kind output = output_kind::labels;
  int threads = 1;
  int64_t step = 0; ///< see steps.hpp
  std::shared_ptr<device> gpu = {};
  bool only_gpu = false; ///< refuse rather than run on the CPU
  bool graphs = true;    ///< recorded on the GPU where the model allows it
  batch_plan plan = {};
  std::shared_ptr<const model_lease> lease = {}; ///< null in tests
  std::shared_ptr<thread_budget> budget = {}; ///< null: no bound
  uint64_t bytes = 0; ///< of the model's file: what its weights take
};

/// Time of a batch of n.
struct item_time {
  int64_t n = 1;
  double ms = 0;
};

/// One version's model. Instances share its weights.
class torch_module final : public function_module {
public:
  torch_module(module_settings settings, const trial_outcome& trial,
               gpu_outcome on_gpu, const size_feature& size, double load_ms);

  /// A copy of the model's state, warmed up by one call on this thread when it
  /// has none.
  result<std::unique_ptr<function_instance>> create_instance() override;
  std::vector<profile_point> profile() const override { return profile_; }
  batching batches() const override { return batching_; }
  batch_share share_of(const invocation& event) const noexcept override;
  duration batch_time(uint32_t items) const noexcept override;
  string_map facts() const override { return facts_; }

private:
  void describe_device();

  const std::shared_ptr<const module_settings> settings_;
  const model model_;
  const gpu_outcome gpu_; ///< with a model: events run there
  batching batching_;
  std::vector<item_time> times_;
  std::vector<profile_point> profile_;
  string_map facts_;
};

/// Which items may be joined: none of a model with state, with inputs that are
/// not batched, or whose items depend on each other (step 0); by default as
/// many as its best step has. Pure.
batching joined_by(const batch_plan& plan, const tensor::input_layout& inputs,
                   bool stateful, int64_t step);

/// Value of the size feature for a body of that many bytes with a batch of n:
/// bytes / divisor; n itself where the feature comes from elsewhere.
double feature_of(const size_feature& size, uint64_t body_bytes,
                  int64_t n) noexcept;

} // namespace faas::torch_runtime
