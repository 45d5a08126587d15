// A graphics processor as the torch runtime sees it. The one for CUDA is in
// libpetrel_torch_cuda.so (functions/torch/cuda), opened when a node has one.
#pragma once

#include "functions/tensor/input_layout.hpp"
#include "functions/torch/tensors.hpp"

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <functional>
#include <memory>
#include <span>
#include <string>

namespace faas::torch_runtime {

struct device_facts {
  std::string name;         ///< "NVIDIA H100 80GB HBM3"
  std::string capability;   ///< "9.0"
  uint64_t total_bytes = 0; ///< of memory
  uint64_t free_bytes = 0;  ///< now
};

/// Runs the model on arguments that lie on the device; may throw.
using forward_call
  = std::function<result<at::Tensor>(std::vector<c10::IValue>)>;

/// What a lane keeps of an instance.
struct lane_settings {
  const tensor::input_layout* inputs = nullptr; ///< outlives the lane
  memory_layout layout = memory_layout::nchw;
  forward_call forward;
  /// Record the model's work per batch size and replay it (CUDA graphs). Not
  /// for models with state.
  bool graphs = true;
};

struct lane_counts {
  uint64_t graphs = 0;  ///< recorded
  uint64_t replays = 0; ///< calls that replayed one
  uint64_t eager = 0;   ///< calls that launched each kernel
};

/// One instance's way through the device: a stream, buffers in pinned host
/// memory and on the device. One thread at a time.
class device_lane {
public:
  virtual ~device_lane() = default;

  /// Copies the parts of a body's batch of n to the device, runs the model on
  /// each while the next one is copied, and copies the outputs back. The tensor
  /// is in host memory, valid until the next call. `stop` is asked before each
  /// part. errc::unavailable: out of the device's memory, which was given back
  /// as far as possible; function_failed: the model failed.
  virtual result<at::Tensor>
  run(std::string_view body, int64_t n, std::span<const part> parts,
      const std::function<std::optional<error>()>& stop) noexcept = 0;
  virtual lane_counts counts() const noexcept = 0;
  /// Why graphs are not used though they were asked for; empty: they are.
  virtual std::string no_graphs() const = 0;
};

/// Thread safe.
class device {
public:
  virtual ~device() = default;
  virtual device_facts facts() const = 0;
  /// Where models are loaded to.
  virtual c10::Device place() const noexcept = 0;
  virtual result<std::unique_ptr<device_lane>> make_lane(lane_settings what)
    = 0;
  /// Pre-processing on its own, from and to host memory, for tests and
  /// benchmarks: the least milliseconds that the kernel took in some launches.
  virtual result<double>
  normalise(const tensor::normalisation& how, std::span<const uint8_t> from,
            std::span<float> to, tensor::plane_order order, int launches)
    = 0;
};

/// The exported symbol of a device's library, and what it returns: a device,
/// or null with the reason in `why`. Both are of one build (checked by stamp).
inline constexpr const char* device_symbol = "petrel_torch_device_v1";
using device_function = device* (*)(uint64_t stamp, std::string& why);

} // namespace faas::torch_runtime
