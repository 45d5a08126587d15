// One instance's stream: copies in, the model, copies out.
#pragma once

#include "functions/torch/cuda/buffers.hpp"
#include "functions/torch/cuda/graph_set.hpp"

#include <c10/cuda/CUDAStream.h>

#include <array>

namespace faas::torch_runtime {

/// Two slots of staging memory: while the model works on one part, the host
/// fills the other slot and the copy stream carries it over. A body in one part
/// goes over the model's own stream, without events.
class cuda_lane final : public device_lane {
public:
  cuda_lane(c10::DeviceIndex index, lane_settings what);
  ~cuda_lane() override;

  result<at::Tensor>
  run(std::string_view body, int64_t n, std::span<const part> parts,
      const std::function<std::optional<error>()>& stop) noexcept override;
  lane_counts counts() const noexcept override { return counts_; }
  std::string no_graphs() const override { return graphs_.refused(); }

private:
  /// Staging for one part.
  struct slot {
    pinned_buffer host;
    at::Tensor raw;        ///< the bytes on the device
    stream_event arrived;  ///< host -> raw done
    stream_event consumed; ///< raw is free again
  };

  result<at::Tensor>
  run_parts(std::string_view body, int64_t n, std::span<const part> parts,
            const std::function<std::optional<error>()>& stop);
  /// Bytes of a part into a slot, and on their way to the device.
  void carry(slot& into, std::string_view body, int64_t n, part items,
             bool own_stream);
  /// The model's arguments from the bytes on the device.
  std::vector<at::Tensor> arguments(const slot& from, part items) const;
  void fill(const tensor::input& input, const at::Tensor& raw,
            at::Tensor& to) const;
  /// The output on the device; `made`: the arguments, when they were made anew.
  result<at::Tensor> forward(const slot& from, part items,
                             std::vector<at::Tensor>& made);
  /// Queues the copy of an output to its place among those of the batch.
  result<void> bring(const at::Tensor& output, part items, int64_t n,
                     bool only);
  size_t staged_bytes(int64_t n) const;
  /// After a failure: nothing of it runs on.
  void drain() noexcept;
  /// Gives memory back and says what happened.
  error out_of_memory(const std::string& why);

  const c10::DeviceIndex index_;
  const lane_settings what_;
  const c10::cuda::CUDAStream compute_;
  const c10::cuda::CUDAStream copy_;
  std::array<slot, 2> slots_;
  pinned_buffer out_;
  std::vector<int64_t> out_shape_; ///< of the whole batch
  at::ScalarType out_type_ = at::kFloat;
  size_t out_row_ = 0; ///< bytes of one item
  graph_set graphs_;
  lane_counts counts_;
};

} // namespace faas::torch_runtime
