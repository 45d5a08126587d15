#include "functions/builtin/image.hpp"

#include <csetjmp>
#include <cstdio>
// jpeglib.h needs FILE first.
#include <jpeglib.h>

#include <jerror.h>

namespace faas::builtin {
namespace {

/// libjpeg reports an error by a call that must not return: it jumps back into
/// guarded(). Frames in between hold nothing that has a destructor.
class decoder {
public:
  decoder() {
    codec_.err = jpeg_std_error(&errors_);
    codec_.client_data = this;
    errors_.error_exit = [](j_common_ptr codec) {
      auto* self = static_cast<decoder*>(codec->client_data);
      codec->err->format_message(codec, self->text_);
      std::longjmp(self->back_, 1);
    };
    errors_.emit_message = [](j_common_ptr codec, int level) {
      auto* self = static_cast<decoder*>(codec->client_data);
      // Bytes between two markers harm nobody; other warnings mean that some
      // of the picture is made up.
      if (level < 0 && codec->err->msg_code != JWRN_EXTRANEOUS_DATA
          && self->warnings_++ == 0)
        codec->err->format_message(codec, self->text_);
    };
    errors_.output_message = [](j_common_ptr) {};
    progress_.progress_monitor = [](j_common_ptr codec) {
      // A few kilobytes can ask for thousands of passes over 64 megapixels.
      auto* self = static_cast<decoder*>(codec->client_data);
      if (self->codec_.input_scan_number > most_scans) {
        std::snprintf(self->text_, sizeof(self->text_),
                      "more than %d passes", most_scans);
        std::longjmp(self->back_, 1);
      }
    };
  }
  ~decoder() { jpeg_destroy_decompress(&codec_); }
  decoder(const decoder&) = delete;

  bool read_header(std::string_view bytes) {
    return guarded([&] {
      jpeg_create_decompress(&codec_);
      codec_.progress = &progress_;
      codec_.mem->max_memory_to_use = most_memory;
      jpeg_mem_src(&codec_,
                   reinterpret_cast<const unsigned char*>(bytes.data()),
                   static_cast<unsigned long>(bytes.size()));
      jpeg_read_header(&codec_, TRUE);
      codec_.out_color_space = JCS_RGB;
    });
  }
  uint64_t width() const { return codec_.image_width; }
  uint64_t height() const { return codec_.image_height; }

  /// `pixels` has room for all rows.
  bool read_pixels(std::string& pixels) {
    return guarded([&] {
      jpeg_start_decompress(&codec_);
      while (codec_.output_scanline < codec_.output_height) {
        auto* row = reinterpret_cast<JSAMPROW>(
          pixels.data() + size_t{codec_.output_scanline} * width() * 3);
        jpeg_read_scanlines(&codec_, &row, 1);
      }
      jpeg_finish_decompress(&codec_);
    });
  }
  error damaged() const {
    return {errc::invalid_argument,
            "the JPEG picture is damaged: " + std::string{text_}};
  }

private:
  static constexpr int most_scans = 100;
  static constexpr long most_memory = 512L << 20;

  template <class Work>
  bool guarded(Work work) {
    if (setjmp(back_) != 0)
      return false;
    work();
    return warnings_ == 0;
  }

  jpeg_decompress_struct codec_{};
  jpeg_error_mgr errors_{};
  jpeg_progress_mgr progress_{};
  std::jmp_buf back_{};
  char text_[JMSG_LENGTH_MAX]{};
  int warnings_ = 0;
};

} // namespace

result<image> decode_jpeg(std::string_view bytes, uint64_t pixels) {
  decoder reading;
  if (!reading.read_header(bytes))
    return reading.damaged();
  if (reading.width() * reading.height() > pixels)
    return {errc::too_large,
            "the picture has " + std::to_string(reading.width()) + " x "
              + std::to_string(reading.height()) + " pixels, over "
              + std::to_string(pixels)};
  image out{static_cast<uint32_t>(reading.width()),
            static_cast<uint32_t>(reading.height()), {}};
  out.pixels.resize(reading.width() * reading.height() * 3);
  if (!reading.read_pixels(out.pixels))
    return reading.damaged();
  return out;
}

} // namespace faas::builtin
