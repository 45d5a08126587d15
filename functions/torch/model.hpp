// A TorchScript archive as a model that can be run.
#pragma once

#include "functions/torch/tensors.hpp"

#include <torch/csrc/jit/api/module.h>

#include <filesystem>

namespace faas::torch_runtime {

/// Refuses what is no TorchScript archive before libtorch sees it.
/// errc::bad_bundle with what the file is instead and how to save a model.
result<void> check_archive(const std::filesystem::path& file);

/// A loaded, frozen model in one memory layout.
class model {
public:
  /// Loads, freezes (eval mode, constants folded) and lays the weights out.
  /// errc::bad_bundle.
  static result<model> load(const std::filesystem::path& file,
                            memory_layout layout);

  /// A model of its own for one thread. Weights are shared; what the model
  /// changes while it runs (streams with state) is copied.
  model copy() const;

  /// Runs it. errc::function_failed with the model's or libtorch's words.
  /// One thread at a time per copy.
  result<at::Tensor> run(std::vector<c10::IValue> inputs) noexcept;

  memory_layout layout() const noexcept { return layout_; }
  /// 4-D weights that were laid out anew: without any, the layout of the
  /// weights makes no difference.
  size_t moved_weights() const noexcept { return moved_; }
  /// True when it keeps attributes that a run may change.
  bool stateful() const;

private:
  model(torch::jit::Module module, memory_layout layout)
    : module_(std::move(module)), layout_(layout) {}
  void move_weights();

  torch::jit::Module module_;
  memory_layout layout_;
  size_t moved_ = 0;
};

/// Sets what libtorch keeps per thread: no profiling executor (it makes a
/// thread's first two calls 10-100 times slower), threads per call. Cheap;
/// call it before each run, on the thread that runs.
void prepare_thread(int threads_per_call) noexcept;

} // namespace faas::torch_runtime
