// The pre-processing kernel: tensor::normalise() on a GPU.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace faas::torch_runtime {

/// tensor::normalisation for the kernel's parameters.
struct normalise_job {
  int64_t images = 0, pixels = 0; ///< pixels of one image
  int channels = 0;               ///< 1 to 4
  bool interleaved = false;       ///< channels-last output
  float scale[4] = {}, bias[4] = {};
};

/// Queues it on the stream. `from` and `to` are device memory aligned to 16
/// bytes, images * pixels * channels values each. Any thread.
cudaError_t launch_normalise(const normalise_job& job, const uint8_t* from,
                             float* to, cudaStream_t stream) noexcept;

} // namespace faas::torch_runtime
