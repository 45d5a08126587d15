// A TorchScript archive or an AOTInductor package as a model that can be run.
#pragma once

#include "functions/torch/aoti_package.hpp"
#include "functions/torch/tensors.hpp"

#include <torch/csrc/jit/api/module.h>

#include <filesystem>

namespace faas::torch_runtime {

/// Refuses what is no TorchScript archive before libtorch sees it.
/// errc::bad_bundle with what the file is instead and how to save a model.
result<void> check_archive(const std::filesystem::path& file);

/// Where a model comes from.
struct model_source {
  model_source(std::filesystem::path file,
               artifact_kind kind = artifact_kind::torchscript,
               uint32_t runners = 1)
    : file(std::move(file)), kind(kind), runners(runners) {}

  std::filesystem::path file;
  artifact_kind kind;
  uint32_t runners; ///< calls at the same time, of a package
};

/// A loaded, frozen model in one memory layout.
class model {
public:
  /// Loads to a device, freezes (eval mode, constants folded) and lays the
  /// weights out. errc::bad_bundle.
  static result<model> load(const std::filesystem::path& file,
                            memory_layout layout, c10::Device to = at::kCPU);

  /// A package, which knows one layout only (nchw); or an archive to the CPU.
  static result<model> open(const model_source& source, memory_layout layout);

  /// A model of its own for one thread. Weights are shared; what the model
  /// changes while it runs (streams with state) is copied.
  model copy() const;

  /// Runs it, on arguments that lie where it was loaded to. The output does,
  /// too. errc::function_failed with the model's or libtorch's words;
  /// unavailable: out of a GPU's memory. One thread at a time per copy.
  result<at::Tensor> run(std::vector<c10::IValue> inputs) noexcept;

  memory_layout layout() const noexcept { return layout_; }
  /// 4-D weights that were laid out anew: without any, the layout of the
  /// weights makes no difference.
  size_t moved_weights() const noexcept { return moved_; }
  /// True when it keeps attributes that a run may change.
  bool stateful() const;
  /// Null for an archive.
  const aoti_package* package() const noexcept { return package_.get(); }

private:
  model(torch::jit::Module module, memory_layout layout, c10::Device place)
    : module_(std::move(module)), layout_(layout), place_(place) {}
  void move_weights();

  torch::jit::Module module_;
  std::shared_ptr<aoti_package> package_ = {};
  memory_layout layout_;
  c10::Device place_;
  size_t moved_ = 0;
};

/// Sets what libtorch keeps per thread: no profiling executor (it makes a
/// thread's first two calls 10-100 times slower), threads per call. Cheap;
/// call it before each run, on the thread that runs.
void prepare_thread(int threads_per_call) noexcept;

} // namespace faas::torch_runtime
