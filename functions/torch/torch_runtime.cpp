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
  if (spec.kind != artifact_kind::native)
    return {};
  return error{
    errc::bad_bundle, "the torch runtime cannot run artifacts of kind native",
    "save the model as TorchScript and write artifact_kind: torchscript"};
}

/// As many calls at once as instances, each of which costs memory.
uint32_t runners_of(const petrel_spec& spec) {
  constexpr uint32_t most = 64;
  return std::clamp(spec.concurrency, 1u, most);
}

/// Whether and how the model runs on the GPU.
gpu_outcome try_gpu(const found_device& found, const fs::path& file,
                    const tensor::input_layout& inputs,
                    const trial_outcome& cpu, device_choice wish) {
  gpu_outcome outcome;
  if (cpu.chosen.package())
    outcome.why = "AOTInductor packages run on CPUs only";
  else if (wish == device_choice::cpu)
    outcome.why = "the manifest says device: cpu";
  else if (!found.gpu)
    outcome.why = found.why;
  else
    outcome = run_gpu_trial(*found.gpu, file, inputs, cpu,
                            wish == device_choice::cuda);
  return outcome;
}

error no_gpu(const std::string& why) {
  return {errc::bad_bundle,
          "the function needs a GPU (device: cuda), but " + why,
          "deploy it to nodes with one (petrel.needs), or write device: auto"};
}

} // namespace

runtime::runtime(int threads_per_call, found_device found)
  : threads_(std::clamp(threads_per_call, 1, 256)), found_(std::move(found)) {}

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
  auto trial
    = run_trial({*file, spec.kind, runners_of(spec)}, *inputs, *output);
  if (!trial)
    return trial.error();
  auto on_gpu = try_gpu(found_, *file, *inputs, *trial, spec.device);
  const bool only_gpu = spec.device == device_choice::cuda;
  if (only_gpu && !on_gpu.chosen)
    return no_gpu(on_gpu.why);
  if (!on_gpu.why.empty() && request.events.log)
    request.events.log(log_level::info, "runs on the CPU: " + on_gpu.why,
                       nullptr);
  module_settings settings{*std::move(inputs), *output,  threads_, trial->step,
                           found_.gpu,         only_gpu, true,     spec.batch};
  const auto took = to_ms(std::chrono::steady_clock::now() - began);
  return std::unique_ptr<function_module>{std::make_unique<torch_module>(
    std::move(settings), *trial, std::move(on_gpu), spec.size, took)};
} catch (const std::exception& thrown) {
  return error{errc::bad_bundle, "cannot load the model: " + reason(thrown),
               "is the node out of memory?"};
}

} // namespace faas::torch_runtime
