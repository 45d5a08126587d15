// The trial run on a GPU: does the model fit and give what the CPU gives, and
// is it faster there.
#pragma once

#include "functions/torch/device.hpp"
#include "functions/torch/trial.hpp"

namespace faas::torch_runtime {

/// What it found out. Without a model: why the GPU is not used.
struct gpu_outcome {
  std::optional<model> chosen;
  std::vector<trial_point> points; ///< with the copies there and back
  int64_t step = 0;                ///< as in trial_outcome
  std::string why;
};

/// True when weights of that size leave room for the model's work: they may
/// take four fifths of what is free. Pure.
bool fits(uint64_t weights, uint64_t free) noexcept;

/// True when the GPU's times are less in the geometric mean over the sizes that
/// both have. Pure.
bool gpu_is_faster(const std::vector<trial_point>& cpu, memory_layout on_cpu,
                   const std::vector<trial_point>& gpu,
                   memory_layout on_gpu) noexcept;

/// Loads the model to the GPU and runs it in both layouts, through a lane as an
/// instance would. `cpu` is the outcome on the CPU; `need`: use the GPU even if
/// it is slower. Blocks for about as long as run_trial. Never fails: says why.
gpu_outcome run_gpu_trial(device& gpu, const std::filesystem::path& file,
                          const tensor::input_layout& inputs,
                          const trial_outcome& cpu, bool need);

/// The same without the measurements, as an earlier trial found it.
gpu_outcome load_as_found(device& gpu, const std::filesystem::path& file,
                          const trial_finding::on_gpu& found);

/// A lane and the model behind it, for one instance.
struct gpu_seat {
  std::shared_ptr<model> runner;
  std::unique_ptr<device_lane> lane;
};
/// Records graphs when the model allows it and `graphs` is true.
/// errc::unavailable: no stream, or no memory.
result<gpu_seat> take_seat(device& gpu, const model& subject,
                           const tensor::input_layout& inputs,
                           bool graphs = true);

} // namespace faas::torch_runtime
