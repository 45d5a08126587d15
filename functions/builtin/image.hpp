// Pictures: decoded within limits, resized, made into tensors.
#pragma once

#include "functions/builtin/settings.hpp"

namespace faas::builtin {

/// 8-bit RGB, rows from the top without gaps.
struct image {
  uint32_t width = 0;
  uint32_t height = 0;
  std::string pixels; ///< width * height * 3 bytes
};

/// JPEG or PNG, told by its first bytes. Alpha is laid on black; 16-bit and
/// palette pictures become 8-bit RGB. errc::too_large over `pixels`, seen
/// before anything is decoded; errc::invalid_argument for what is neither or is
/// damaged or cut off (never a partly grey picture).
result<image> decode_image(std::string_view bytes, uint64_t pixels);
result<image> decode_jpeg(std::string_view bytes, uint64_t pixels);
result<image> decode_png(std::string_view bytes, uint64_t pixels);

/// Bilinear, pixel centres at half coordinates (align_corners = false), without
/// a low-pass filter. A side of 0 gives an empty picture.
image resized(const image& from, uint32_t width, uint32_t height);

class image_tensor {
public:
  /// WIDTH and HEIGHT (224; at most 4096), FORMAT fp32-chw or u8-hwc, MEAN and
  /// STD (of fp32-chw; for values 0..1; one number or three), MAX_MEGAPIXELS
  /// (64; at most that). errc::invalid_argument.
  static result<image_tensor> make(const settings& from);

  /// The tensor's bytes in the machine's byte order.
  result<std::string> run(std::string_view picture) const;
  /// "3,224,224" or "224,224,3".
  std::string shape() const;
  /// "FP32" or "UINT8".
  std::string_view datatype() const noexcept;

private:
  uint32_t width_ = 224;
  uint32_t height_ = 224;
  uint64_t pixels_ = 0;
  bool floats_ = true;
  std::vector<float> mean_;
  std::vector<float> std_;
};

} // namespace faas::builtin
