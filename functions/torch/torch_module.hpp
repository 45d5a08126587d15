// A loaded version of a torch function, and its instances.
#pragma once

#include "functions/torch/trial.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::torch_runtime {

/// What module and instances share; immutable.
struct module_settings {
  tensor::input_layout inputs;
  output_kind output = output_kind::labels;
  int threads = 1;
  int64_t step = 0; ///< see steps.hpp
};

/// One version's model. Instances share its weights.
class torch_module final : public function_module {
public:
  torch_module(module_settings settings, const trial_outcome& trial,
               const size_feature& size, double load_ms);

  /// A copy of the model's state, warmed up by one call on this thread when it
  /// has none.
  result<std::unique_ptr<function_instance>> create_instance() override;
  std::vector<profile_point> profile() const override { return profile_; }
  string_map facts() const override { return facts_; }

private:
  const std::shared_ptr<const module_settings> settings_;
  const model model_;
  std::vector<profile_point> profile_;
  string_map facts_;
};

/// Value of the size feature for a body of that many bytes with a batch of n:
/// bytes / divisor; n itself where the feature comes from elsewhere.
double feature_of(const size_feature& size, uint64_t body_bytes,
                  int64_t n) noexcept;

} // namespace faas::torch_runtime
