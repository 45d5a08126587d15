// The first GPU of the node.
#pragma once

#include "functions/torch/device.hpp"

namespace faas::torch_runtime {

class cuda_device final : public device {
public:
  /// Null, with the reason, when CUDA or libtorch refuses the device.
  static device* make(std::string& why);

  device_facts facts() const override;
  c10::Device place() const noexcept override { return {at::kCUDA, index_}; }
  result<std::unique_ptr<device_lane>> make_lane(lane_settings what) override;
  result<double> normalise(const tensor::normalisation& how,
                           std::span<const uint8_t> from, std::span<float> to,
                           tensor::plane_order order, int launches) override;

private:
  const c10::DeviceIndex index_ = 0;
};

} // namespace faas::torch_runtime
