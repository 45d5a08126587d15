// The trial run at load: does the model work, in which memory layout is it
// faster, and how long does it take at which batch size.
#pragma once

#include "functions/torch/model.hpp"

#include <optional>
#include <vector>

namespace faas::torch_runtime {

/// Batch sizes to try: 1, 8, 32, 128 as far as max_batch allows. Pure.
std::vector<int64_t> trial_sizes(int64_t max_batch);

/// The layout with the smaller geometric mean of times; row-major on a tie.
/// Pure.
memory_layout faster_layout(const std::vector<trial_point>& points) noexcept;

/// What a trial found out.
struct trial_outcome {
  model chosen;
  std::vector<trial_point> points;
  bool compared = false; ///< both layouts ran
  int64_t step = 0;      ///< batches run in steps of that size; 0: in one go
};

/// What a trial found, without the model: enough to load it again as it was.
struct trial_finding {
  memory_layout layout = memory_layout::nchw;
  std::vector<trial_point> points;
  bool compared = false;
  int64_t step = 0;
  struct on_gpu {
    memory_layout layout = memory_layout::nchw;
    std::vector<trial_point> points;
    int64_t step = 0;
  };
  std::optional<on_gpu> gpu; ///< it runs there
};

/// Longest time that the timed part of a trial takes, when the first call of
/// each layout is not longer already.
inline constexpr auto trial_budget = std::chrono::milliseconds{1500};
/// And of the comparison of steps after it, when one round is not longer.
inline constexpr auto step_budget = std::chrono::milliseconds{2000};

/// Loads the model and runs it: two warm-up calls, then interleaved timed
/// rounds per batch size. Channels-last is tried when an input or a weight is
/// 4-D, and dropped when it fails or its results differ. Batches are split into
/// steps when the parts of a batch give what the whole gives. Blocks.
/// errc::bad_bundle: cannot be loaded, fails on the trial input, or its output
/// is not what `kind` needs.
result<trial_outcome> run_trial(const model_source& source,
                                const tensor::input_layout& inputs,
                                output_kind kind);

/// The same without the measurements: loads the model as found, and runs it
/// twice. Errors as above.
result<trial_outcome> load_as_found(const model_source& source,
                                    const tensor::input_layout& inputs,
                                    output_kind kind,
                                    const trial_finding& found);

} // namespace faas::torch_runtime
