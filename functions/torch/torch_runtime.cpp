#include "functions/torch/torch_runtime.hpp"

#include "functions/torch/torch_module.hpp"

#include <algorithm>
#include <chrono>
#include <sstream>

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
                    const trial_outcome& cpu, device_choice wish,
                    const trial_finding* known) {
  gpu_outcome outcome;
  if (cpu.chosen.package())
    outcome.why = "AOTInductor packages run on CPUs only";
  else if (wish == device_choice::cpu)
    outcome.why = "the manifest says device: cpu";
  else if (!found.gpu)
    outcome.why = found.why;
  else if (known && known->gpu)
    outcome = load_as_found(*found.gpu, file, *known->gpu);
  else
    outcome = run_gpu_trial(*found.gpu, file, inputs, cpu,
                            wish == device_choice::cuda);
  return outcome;
}

/// Names all that decides what is loaded, and how.
std::string key_of(const model_source& source, const petrel_spec& spec) {
  std::error_code ignored;
  const auto written = fs::last_write_time(source.file, ignored);
  std::ostringstream key;
  key << source.file.string() << '|' << written.time_since_epoch().count()
      << '|' << source.runners << '|' << spec.output << '|'
      << spec.max_body_bytes << '|' << static_cast<int>(spec.device);
  for (const auto& input : spec.inputs) {
    key << '|' << input.name << '|' << input.datatype;
    for (const auto size : input.shape)
      key << ',' << size;
    for (const auto* values : {&input.mean, &input.deviation})
      for (const auto value : *values)
        key << ';' << value;
  }
  return key.str();
}

uint64_t bytes_of(const fs::path& file) {
  std::error_code failed;
  const auto bytes = fs::file_size(file, failed);
  return failed ? 0 : bytes;
}

error no_gpu(const std::string& why) {
  return {errc::bad_bundle,
          "the function needs a GPU (device: cuda), but " + why,
          "deploy it to nodes with one (petrel.needs), or write device: auto"};
}

} // namespace

runtime::runtime(int threads_per_call, found_device found, uint64_t kept_bytes,
                 uint32_t all_threads)
  : threads_(std::clamp(threads_per_call, 1, 256)), found_(std::move(found)),
    store_(std::make_shared<model_store>(kept_bytes)),
    budget_(std::make_shared<thread_budget>(all_threads)) {}

result<loaded_model> runtime::load_model(const model_source& source,
                                         const tensor::input_layout& inputs,
                                         output_kind output, device_choice wish,
                                         const trial_finding* known) {
  auto trial = known ? load_as_found(source, inputs, output, *known)
                     : run_trial(source, inputs, output);
  if (!trial)
    return trial.error();
  auto on_gpu = try_gpu(found_, source.file, inputs, *trial, wish, known);
  return loaded_model{*std::move(trial), std::move(on_gpu)};
}

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
  const model_source source{*file, spec.kind, runners_of(spec)};
  auto lease = store_->get(
    key_of(source, spec), bytes_of(*file), [&](const trial_finding* known) {
      return load_model(source, *inputs, *output, spec.device, known);
    });
  if (!lease)
    return lease.error();
  std::shared_ptr<const model_lease> model{*std::move(lease)};
  const auto& [cpu, gpu] = model->what();
  const bool only_gpu = spec.device == device_choice::cuda;
  if (only_gpu && !gpu.chosen)
    return no_gpu(gpu.why);
  if (!gpu.why.empty() && request.events.log)
    request.events.log(log_level::info, "runs on the CPU: " + gpu.why, nullptr);
  module_settings settings{*std::move(inputs), *output,    threads_,
                           cpu.step,           found_.gpu, only_gpu,
                           true,               spec.batch, model,
                           budget_,            bytes_of(*file)};
  const auto took = to_ms(std::chrono::steady_clock::now() - began);
  auto made = std::make_unique<torch_module>(std::move(settings), cpu, gpu,
                                             spec.size, took);
  return std::unique_ptr<function_module>{std::move(made)};
} catch (const std::exception& thrown) {
  return error{errc::bad_bundle, "cannot load the model: " + reason(thrown),
               "is the node out of memory?"};
}

} // namespace faas::torch_runtime
