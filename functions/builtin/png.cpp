#include "functions/builtin/image.hpp"

#include <png.h>

namespace faas::builtin {
namespace {

// libpng's simplified interface keeps its jumps to itself.
struct reading {
  png_image head{};
  reading() { head.version = PNG_IMAGE_VERSION; }
  ~reading() { png_image_free(&head); }
  reading(const reading&) = delete;

  error damaged() const {
    return {errc::invalid_argument,
            "the PNG picture is damaged: " + std::string{head.message}};
  }
};

} // namespace

result<image> decode_png(std::string_view bytes, uint64_t pixels) {
  reading from;
  if (!png_image_begin_read_from_memory(&from.head, bytes.data(), bytes.size()))
    return from.damaged();
  if (uint64_t{from.head.width} * from.head.height > pixels)
    return {errc::too_large,
            "the picture has " + std::to_string(from.head.width) + " x "
              + std::to_string(from.head.height) + " pixels, over "
              + std::to_string(pixels)};
  image out{from.head.width, from.head.height, {}};
  from.head.format = PNG_FORMAT_RGB;
  out.pixels.resize(size_t{out.width} * out.height * 3);
  png_color black{};
  if (!png_image_finish_read(&from.head, &black, out.pixels.data(), 0, nullptr))
    return from.damaged();
  return out;
}

} // namespace faas::builtin
