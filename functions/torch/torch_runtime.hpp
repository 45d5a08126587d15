// The torch runtime: TorchScript models in process, on executor threads and,
// where there is one, on a GPU.
#pragma once

#include "functions/torch/device_loader.hpp"
#include "functions/torch/model_store.hpp"
#include "functions/torch/thread_budget.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::torch_runtime {

/// Loads TorchScript bundles. Inputs are the raw bytes of the body
/// (tensor::input_layout), the answer is what petrel.output says. A model runs
/// in the node's process and can use its memory and CPU without bound: load
/// only bundles that the node trusts. Thread safe.
class runtime final : public function_runtime {
public:
  /// Threads that one call may use (at least 1), the GPU if there is one, the
  /// bytes of models that are kept when no version uses them, and the threads
  /// that all calls may use at once (0: no bound).
  explicit runtime(int threads_per_call, found_device found = {},
                   uint64_t kept_bytes = 0, uint32_t all_threads = 0);

  runtime_kind kind() const noexcept override { return runtime_kind::torch; }
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override;

private:
  result<loaded_model> load_model(const model_source& source,
                                  const tensor::input_layout& inputs,
                                  output_kind output, device_choice wish,
                                  const trial_finding* known);

  const int threads_;
  const found_device found_;
  const std::shared_ptr<model_store> store_;
  const std::shared_ptr<thread_budget> budget_;
};

} // namespace faas::torch_runtime
