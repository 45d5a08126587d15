// From the bytes of images to the floats that a network takes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace faas::tensor {

/// UINT8 [n,height,width,channels] to FP32 [n,channels,height,width] of
/// (x / 255 - mean) / std. Each value is x * scale + bias, rounded after the
/// product and after the sum, on CPU and GPU alike: their results are equal bit
/// for bit.
struct normalisation {
  static constexpr size_t most_channels = 4;

  int64_t height = 0, width = 0, channels = 0;
  std::array<float, most_channels> scale{}, bias{};

  /// For a shape [-1,height,width,channels]; nullopt for other shapes, more
  /// than 4 channels, not one mean and std per channel, or a std not above 0.
  static std::optional<normalisation>
  make(const std::vector<int64_t>& shape, const std::vector<double>& mean,
       const std::vector<double>& deviation);

  int64_t pixels() const noexcept { return height * width; }
  int64_t item_values() const noexcept { return pixels() * channels; }
  bool operator==(const normalisation&) const = default;
};

/// Order of the floats in memory: plane by plane, or with the channels of a
/// pixel side by side (channels-last).
enum class plane_order : uint8_t { planar, interleaved };

/// On the CPU, for n images. `from` and `to` hold n * item_values().
void normalise(const normalisation& how, std::span<const uint8_t> from,
               std::span<float> to, plane_order order) noexcept;

} // namespace faas::tensor
