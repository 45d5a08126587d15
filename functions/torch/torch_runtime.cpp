#include "functions/torch/torch_runtime.hpp"

#include "functions/torch/torch_module.hpp"

#include <algorithm>
#include <chrono>

namespace faas::torch_runtime {
namespace {

namespace fs = std::filesystem;

/// The model's file; never outside the bundle.
result<fs::path> artifact_of(const load_request& request) {
  const auto path = fs::path{request.spec.petrel.artifact}.lexically_normal();
  if (path.empty())
    return error{errc::bad_bundle, "the manifest names no model",
                 "add petrel.artifact: model.pt to stack.yml"};
  if (path.is_absolute() || *path.begin() == "..")
    return error{errc::bad_bundle,
                 "petrel.artifact leaves the bundle: " + path.string(),
                 "write a path inside the bundle, such as model.pt"};
  return request.folder / path;
}

result<void> check_kind(const petrel_spec& spec) {
  if (spec.kind == artifact_kind::torchscript)
    return {};
  const bool aoti = spec.kind == artifact_kind::aoti;
  return error{
    errc::bad_bundle,
    std::string{"the torch runtime cannot run artifacts of kind "}
      + (aoti ? "aoti yet" : "native"),
    "save the model as TorchScript and write artifact_kind: torchscript"};
}

} // namespace

runtime::runtime(int threads_per_call)
  : threads_(std::clamp(threads_per_call, 1, 256)) {}

result<std::unique_ptr<function_module>>
runtime::load(const load_request& request) try {
  const auto& spec = request.spec.petrel;
  const auto began = std::chrono::steady_clock::now();
  if (auto fits = check_kind(spec); !fits)
    return fits.error();
  auto file = artifact_of(request);
  if (!file)
    return file.error();
  auto inputs = tensor::input_layout::make(spec.inputs, spec.max_body_bytes);
  if (!inputs)
    return inputs.error();
  auto output = output_kind_from(spec.output);
  if (!output)
    return output.error();
  prepare_thread(threads_);
  auto trial = run_trial(*file, *inputs, *output);
  if (!trial)
    return trial.error();
  module_settings settings{*std::move(inputs), *output, threads_, trial->step};
  const auto took = to_ms(std::chrono::steady_clock::now() - began);
  return std::unique_ptr<function_module>{std::make_unique<torch_module>(
    std::move(settings), *trial, spec.size, took)};
} catch (const std::exception& thrown) {
  return error{errc::bad_bundle, "cannot load the model: " + reason(thrown),
               "is the node out of memory?"};
}

} // namespace faas::torch_runtime
