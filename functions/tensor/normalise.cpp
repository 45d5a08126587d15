#include "functions/tensor/normalise.hpp"

namespace faas::tensor {
namespace {

/// One channel; the compiler must not fuse product and sum (see CMakeLists).
void plane(const uint8_t* from, int64_t step, float* to, int64_t to_step,
           int64_t pixels, float scale, float bias) noexcept {
  for (int64_t i = 0; i < pixels; ++i)
    to[i * to_step] = static_cast<float>(from[i * step]) * scale + bias;
}

} // namespace

std::optional<normalisation>
normalisation::make(const std::vector<int64_t>& shape,
                    const std::vector<double>& mean,
                    const std::vector<double>& deviation) {
  if (shape.size() != 4 || shape[3] < 1
      || shape[3] > static_cast<int64_t>(most_channels)
      || mean.size() != static_cast<size_t>(shape[3])
      || deviation.size() != mean.size())
    return std::nullopt;
  normalisation made{shape[1], shape[2], shape[3]};
  for (size_t i = 0; i < mean.size(); ++i) {
    if (!(deviation[i] > 0))
      return std::nullopt;
    made.scale[i] = static_cast<float>(1 / (255 * deviation[i]));
    made.bias[i] = static_cast<float>(-mean[i] / deviation[i]);
  }
  return made;
}

void normalise(const normalisation& how, std::span<const uint8_t> from,
               std::span<float> to, plane_order order) noexcept {
  const auto channels = how.channels, pixels = how.pixels();
  const auto n = static_cast<int64_t>(from.size()) / how.item_values();
  for (int64_t image = 0; image < n; ++image) {
    const auto* source = from.data() + image * how.item_values();
    auto* target = to.data() + image * how.item_values();
    for (int64_t c = 0; c < channels; ++c) {
      const auto at = static_cast<size_t>(c);
      const bool planar = order == plane_order::planar;
      plane(source + c, channels, planar ? target + c * pixels : target + c,
            planar ? 1 : channels, pixels, how.scale[at], how.bias[at]);
    }
  }
}

} // namespace faas::tensor
