#include "functions/builtin/image.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace faas::builtin {
namespace {

/// The two source places of each place on a side, and the second's share.
struct taps {
  std::vector<uint32_t> first, second;
  std::vector<float> share;

  taps(uint32_t from, uint32_t to) : first(to), second(to), share(to) {
    const double scale = static_cast<double>(from) / to;
    for (uint32_t i = 0; i < to; ++i) {
      const auto at
        = std::clamp((i + 0.5) * scale - 0.5, 0.0, static_cast<double>(from - 1));
      first[i] = static_cast<uint32_t>(at);
      second[i] = std::min(first[i] + 1, from - 1);
      share[i] = static_cast<float>(at - first[i]);
    }
  }
};

constexpr int64_t most_megapixels = 64;
constexpr int64_t most_bytes = 16 << 20; // of an answer

} // namespace

result<image> decode_image(std::string_view bytes, uint64_t pixels) {
  if (bytes.starts_with("\xff\xd8"))
    return decode_jpeg(bytes, pixels);
  if (bytes.starts_with("\x89PNG"))
    return decode_png(bytes, pixels);
  return {errc::invalid_argument,
          bytes.empty() ? "no picture in the body"
                        : "the body is no JPEG and no PNG picture",
          "send the bytes of the file as they are"};
}

image resized(const image& from, uint32_t width, uint32_t height) {
  image out{width, height, {}};
  if (width == 0 || height == 0 || from.width == 0 || from.height == 0)
    return out;
  out.pixels.resize(size_t{width} * height * 3);
  const taps x{from.width, width}, y{from.height, height};
  const auto* source = reinterpret_cast<const uint8_t*>(from.pixels.data());
  auto* to = reinterpret_cast<uint8_t*>(out.pixels.data());
  for (uint32_t row = 0; row < height; ++row) {
    const auto* above = source + size_t{y.first[row]} * from.width * 3;
    const auto* below = source + size_t{y.second[row]} * from.width * 3;
    const float down = y.share[row];
    for (uint32_t column = 0; column < width; ++column) {
      const size_t left = size_t{x.first[column]} * 3;
      const size_t right = size_t{x.second[column]} * 3;
      const float across = x.share[column];
      for (size_t c = 0; c < 3; ++c) {
        const float top = static_cast<float>(above[left + c]) * (1 - across)
                          + static_cast<float>(above[right + c]) * across;
        const float bottom = static_cast<float>(below[left + c]) * (1 - across)
                             + static_cast<float>(below[right + c]) * across;
        *to++ = static_cast<uint8_t>(top + (bottom - top) * down + 0.5F);
      }
    }
  }
  return out;
}

result<image_tensor> image_tensor::make(const settings& from) {
  image_tensor out;
  const auto width = whole_number(from, "WIDTH", 224, 1, 4096);
  const auto height = whole_number(from, "HEIGHT", 224, 1, 4096);
  const auto most = whole_number(from, "MAX_MEGAPIXELS", most_megapixels, 1,
                                 most_megapixels);
  auto mean = number_list(from, "MEAN", 0, 3);
  auto deviation = number_list(from, "STD", 1, 3);
  for (const auto* number : {&width, &height, &most})
    if (!*number)
      return number->error();
  for (const auto* list : {&mean, &deviation})
    if (!*list)
      return list->error();
  const auto format = trimmed(from("FORMAT"));
  if (!format.empty() && format != "fp32-chw" && format != "u8-hwc")
    return {errc::invalid_argument, "FORMAT must be one of: fp32-chw, u8-hwc",
            "mend environment.FORMAT in the manifest"};
  out.floats_ = format != "u8-hwc";
  if (std::count(deviation->begin(), deviation->end(), 0.0F) != 0)
    return {errc::invalid_argument, "STD must not be 0",
            "mend environment.STD in the manifest"};
  if (*width * *height * 3 * (out.floats_ ? 4 : 1) > most_bytes)
    return {errc::invalid_argument, "the tensor would be over 16 MiB",
            "make WIDTH or HEIGHT smaller"};
  out.width_ = static_cast<uint32_t>(*width);
  out.height_ = static_cast<uint32_t>(*height);
  out.pixels_ = static_cast<uint64_t>(*most) * 1'000'000;
  out.mean_ = std::move(*mean);
  out.std_ = std::move(*deviation);
  return out;
}

result<std::string> image_tensor::run(std::string_view picture) const {
  auto decoded = decode_image(picture, pixels_);
  if (!decoded)
    return decoded.error();
  auto small = resized(*decoded, width_, height_);
  if (!floats_)
    return std::move(small.pixels);
  const size_t plane = size_t{width_} * height_;
  std::string out(plane * 3 * sizeof(float), 0);
  const auto* from = reinterpret_cast<const uint8_t*>(small.pixels.data());
  for (size_t c = 0; c < 3; ++c) {
    float value_of[256];
    for (size_t v = 0; v < 256; ++v)
      value_of[v] = (static_cast<float>(v) / 255 - mean_[c]) / std_[c];
    auto* to = out.data() + c * plane * sizeof(float);
    for (size_t i = 0; i < plane; ++i)
      std::memcpy(to + i * sizeof(float), &value_of[from[i * 3 + c]],
                  sizeof(float));
  }
  return out;
}

std::string image_tensor::shape() const {
  const auto sides = std::to_string(height_) + "," + std::to_string(width_);
  return floats_ ? "3," + sides : sides + ",3";
}

std::string_view image_tensor::datatype() const noexcept {
  return floats_ ? "FP32" : "UINT8";
}

} // namespace faas::builtin
