// Finds and opens the GPU that the torch runtime may use.
#pragma once

#include "functions/torch/device.hpp"

#include <filesystem>

namespace faas::torch_runtime {

/// A device, or why there is none: one line for the log.
struct found_device {
  std::shared_ptr<device> gpu;
  std::string why = "no GPU was looked for";
};

/// Opens the CUDA piece when the driver shows a GPU and libtorch's CUDA
/// libraries lie beside libtorch_cpu.so or on the loader's path. Must run
/// before libtorch is first used: it remembers what it found. Takes seconds
/// where there is a GPU, nothing where there is none. PETREL_CUDA=off in the
/// environment: none is looked for.
found_device open_cuda();

/// Devices of the driver; 0 without a driver, with the reason.
int driver_devices(std::string& why);

/// Changes when the types that cross to the CUDA piece do.
uint64_t device_stamp() noexcept;

} // namespace faas::torch_runtime
