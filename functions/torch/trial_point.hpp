// What a trial run measures. Plain values, no libtorch.
#pragma once

#include <cstdint>
#include <string_view>

namespace faas::torch_runtime {

/// Order of the elements of 4-D tensors in memory. The shape is the same in
/// both; only speed differs (convolutions on a CPU: 1.5-2.3x).
enum class memory_layout : uint8_t { nchw, channels_last };
std::string_view name(memory_layout layout) noexcept;

/// Time of one batch size, in the two layouts; equal when only one ran.
struct trial_point {
  int64_t n = 1;
  double nchw_ms = 0;
  double channels_last_ms = 0;

  double ms(memory_layout layout) const noexcept {
    return layout == memory_layout::nchw ? nchw_ms : channels_last_ms;
  }
};

} // namespace faas::torch_runtime
