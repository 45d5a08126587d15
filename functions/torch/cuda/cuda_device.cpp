#include "functions/torch/cuda/cuda_device.hpp"

#include "functions/torch/cuda/cuda_lane.hpp"
#include "functions/torch/cuda/normalise_kernel.hpp"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <c10/cuda/CUDAGuard.h>

namespace faas::torch_runtime {
namespace {

/// A point on a stream with its time.
class timed_event {
public:
  timed_event() { C10_CUDA_CHECK(cudaEventCreate(&event_)); }
  ~timed_event() { static_cast<void>(cudaEventDestroy(event_)); }
  timed_event(const timed_event&) = delete;
  timed_event& operator=(const timed_event&) = delete;

  void record(cudaStream_t on) { C10_CUDA_CHECK(cudaEventRecord(event_, on)); }
  /// Blocks until this point is reached.
  double ms_since(const timed_event& earlier) {
    float ms = 0;
    C10_CUDA_CHECK(cudaEventSynchronize(event_));
    C10_CUDA_CHECK(cudaEventElapsedTime(&ms, earlier.event_, event_));
    return ms;
  }

private:
  cudaEvent_t event_ = nullptr;
};

} // namespace

device* cuda_device::make(std::string& why) try {
  // The first allocation makes the context: a device that cannot be used (in
  // exclusive use, too old) shows here.
  at::zeros({1}, at::device(at::kCUDA)).add_(1).item<float>();
  return new cuda_device;
} catch (const std::exception& thrown) {
  why = "CUDA cannot be used: " + reason(thrown);
  return nullptr;
}

device_facts cuda_device::facts() const {
  const c10::cuda::CUDAGuard on{index_};
  cudaDeviceProp device{};
  size_t free = 0, total = 0;
  if (cudaGetDeviceProperties(&device, index_) != cudaSuccess
      || cudaMemGetInfo(&free, &total) != cudaSuccess)
    return {};
  return {device.name,
          std::to_string(device.major) + "." + std::to_string(device.minor),
          total, free};
}

result<std::unique_ptr<device_lane>>
cuda_device::make_lane(lane_settings what) try {
  const c10::cuda::CUDAGuard on{index_};
  return std::unique_ptr<device_lane>{
    std::make_unique<cuda_lane>(index_, std::move(what))};
} catch (const std::exception& thrown) {
  return error{errc::unavailable, "no stream on the GPU: " + reason(thrown),
               "lower petrel.concurrency, or write device: cpu"};
}

result<double> cuda_device::normalise(const tensor::normalisation& how,
                                      std::span<const uint8_t> from,
                                      std::span<float> to,
                                      tensor::plane_order order,
                                      int launches) try {
  const c10::cuda::CUDAGuard on{index_};
  const c10::InferenceMode inference;
  const auto n = static_cast<int64_t>(from.size());
  const auto bytes
    = at::from_blob(const_cast<uint8_t*>(from.data()), {n}, at::kByte)
        .to(place());
  auto floats = at::empty({n}, at::device(place()).dtype(at::kFloat));
  normalise_job job{n / how.item_values(), how.pixels(),
                    static_cast<int>(how.channels),
                    order == tensor::plane_order::interleaved};
  std::copy(how.scale.begin(), how.scale.end(), job.scale);
  std::copy(how.bias.begin(), how.bias.end(), job.bias);
  const auto stream = c10::cuda::getCurrentCUDAStream(index_);
  timed_event before, after;
  double least = 0;
  for (int i = 0; i < std::max(launches, 1); ++i) {
    before.record(stream);
    C10_CUDA_CHECK(launch_normalise(job, bytes.const_data_ptr<uint8_t>(),
                                    floats.mutable_data_ptr<float>(), stream));
    after.record(stream);
    const auto took = after.ms_since(before);
    least = i == 0 ? took : std::min(least, took);
  }
  at::from_blob(to.data(), {n}, at::kFloat).copy_(floats);
  return least;
} catch (const std::exception& thrown) {
  return error{errc::internal, "the kernel failed: " + reason(thrown), ""};
}

} // namespace faas::torch_runtime
