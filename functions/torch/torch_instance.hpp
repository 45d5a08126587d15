// What runs one event, or several joined, at a time.
#pragma once

#include "functions/torch/torch_module.hpp"

namespace faas::torch_runtime {

/// An instance with a model of its own and, with a seat, its way through the
/// GPU, where it takes steps of gpu_step.
std::unique_ptr<function_instance>
make_torch_instance(std::shared_ptr<const module_settings> settings,
                    model subject, std::optional<gpu_seat> seat,
                    int64_t gpu_step);

} // namespace faas::torch_runtime
