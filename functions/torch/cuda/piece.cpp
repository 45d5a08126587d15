// The one exported symbol of libpetrel_torch_cuda.so.
#include "functions/torch/cuda/cuda_device.hpp"
#include "functions/torch/device_loader.hpp"

extern "C" __attribute__((visibility("default"))) faas::torch_runtime::device*
petrel_torch_device_v1(uint64_t stamp, std::string& why) {
  if (stamp != faas::torch_runtime::device_stamp()) {
    why = "libpetrel_torch_cuda.so is from another build; build again";
    return nullptr;
  }
  return faas::torch_runtime::cuda_device::make(why);
}
