// The torch runtime: TorchScript models in process, on executor threads and,
// where there is one, on a GPU.
#pragma once

#include "functions/torch/device_loader.hpp"
#include "libfaas/ports/runtime.hpp"

namespace faas::torch_runtime {

/// Loads TorchScript bundles. Inputs are the raw bytes of the body
/// (tensor::input_layout), the answer is what petrel.output says. A model runs
/// in the node's process and can use its memory and CPU without bound: load
/// only bundles that the node trusts. Thread safe.
class runtime final : public function_runtime {
public:
  /// Threads that one call may use (at least 1), and the GPU if there is one.
  explicit runtime(int threads_per_call, found_device found = {});

  runtime_kind kind() const noexcept override { return runtime_kind::torch; }
  result<std::unique_ptr<function_module>>
  load(const load_request& request) override;

private:
  const int threads_;
  const found_device found_;
};

} // namespace faas::torch_runtime
