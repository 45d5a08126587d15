// image-tensor: decoding, resizing, tensors, and pictures that are none.
#include "functions/builtin/image.hpp"
#include "inputs.hpp"

#include <cstdio>
// jpeglib.h needs FILE first.
#include <jpeglib.h>
#include <png.h>

#include <cmath>
#include <cstdlib>

using namespace faas;
using namespace faas::builtin;

namespace {

constexpr uint64_t limit = 64'000'000;

/// Red to the right, green down, blue flat.
image gradient(uint32_t width, uint32_t height) {
  image out{width, height, {}};
  for (uint32_t y = 0; y < height; ++y)
    for (uint32_t x = 0; x < width; ++x) {
      out.pixels += static_cast<char>(x * 255 / std::max(width - 1, 1u));
      out.pixels += static_cast<char>(y * 255 / std::max(height - 1, 1u));
      out.pixels += static_cast<char>(100);
    }
  return out;
}

std::string as_png(uint32_t width, uint32_t height, const void* pixels,
                   png_uint_32 format = PNG_FORMAT_RGB) {
  png_image head{};
  head.version = PNG_IMAGE_VERSION;
  head.width = width;
  head.height = height;
  head.format = format;
  png_alloc_size_t size = 0;
  png_image_write_to_memory(&head, nullptr, &size, 0, pixels, 0, nullptr);
  std::string out(size, 0);
  BOOST_REQUIRE(png_image_write_to_memory(&head, out.data(), &size, 0, pixels, 0,
                                          nullptr));
  out.resize(size);
  return out;
}

std::string as_png(const image& from) {
  return as_png(from.width, from.height, from.pixels.data());
}

std::string as_jpeg(const image& from, bool progressive = false) {
  jpeg_compress_struct codec{};
  jpeg_error_mgr errors{};
  codec.err = jpeg_std_error(&errors);
  jpeg_create_compress(&codec);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&codec, &bytes, &size);
  codec.image_width = from.width;
  codec.image_height = from.height;
  codec.input_components = 3;
  codec.in_color_space = JCS_RGB;
  jpeg_set_defaults(&codec);
  jpeg_set_quality(&codec, 95, TRUE);
  if (progressive)
    jpeg_simple_progression(&codec);
  jpeg_start_compress(&codec, TRUE);
  for (uint32_t y = 0; y < from.height; ++y) {
    auto* row = reinterpret_cast<JSAMPROW>(
      const_cast<char*>(from.pixels.data()) + size_t{y} * from.width * 3);
    jpeg_write_scanlines(&codec, &row, 1);
  }
  jpeg_finish_compress(&codec);
  jpeg_destroy_compress(&codec);
  std::string out(reinterpret_cast<char*>(bytes), size);
  std::free(bytes);
  return out;
}

int at(const image& of, uint32_t x, uint32_t y, int channel) {
  return static_cast<uint8_t>(
    of.pixels[(size_t{y} * of.width + x) * 3 + static_cast<size_t>(channel)]);
}

/// A PNG whose head says another size, with the right check sum.
std::string png_that_says(uint32_t width, uint32_t height) {
  auto bytes = as_png(gradient(4, 4));
  const auto put = [&](size_t place, uint32_t value) {
    for (int i = 3; i >= 0; --i, value >>= 8)
      bytes[place + static_cast<size_t>(i)] = static_cast<char>(value & 255);
  };
  put(16, width);
  put(20, height);
  uint32_t sum = 0xFFFFFFFF;
  for (size_t i = 12; i < 29; ++i) {
    sum ^= static_cast<uint8_t>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit)
      sum = sum >> 1 ^ (sum & 1 ? 0xEDB88320u : 0);
  }
  put(29, ~sum);
  return bytes;
}

image_tensor make(std::map<std::string, std::string, std::less<>> values) {
  auto made = image_tensor::make(given(std::move(values)));
  BOOST_REQUIRE_MESSAGE(made, complaint(made));
  return *made;
}

} // namespace

BOOST_AUTO_TEST_SUITE(image_test)

  BOOST_AUTO_TEST_CASE(png_keeps_every_pixel) {
    const auto from = gradient(17, 9);
    const auto read = decode_image(as_png(from), limit);
    BOOST_REQUIRE_MESSAGE(read, complaint(read));
    BOOST_TEST(read->width == 17u);
    BOOST_TEST(read->height == 9u);
    BOOST_TEST((read->pixels == from.pixels));
  }

  BOOST_AUTO_TEST_CASE(other_kinds_of_png_become_rgb) {
    const unsigned char grey[] = {0, 200};
    auto read = decode_png(as_png(2, 1, grey, PNG_FORMAT_GRAY), limit);
    BOOST_REQUIRE_MESSAGE(read, complaint(read));
    BOOST_TEST(at(*read, 1, 0, 2) == 200);
    const unsigned char clear[] = {255, 255, 255, 0, 9, 8, 7, 255};
    read = decode_png(as_png(2, 1, clear, PNG_FORMAT_RGBA), limit);
    BOOST_REQUIRE_MESSAGE(read, complaint(read));
    BOOST_TEST(at(*read, 0, 0, 0) == 0);
    BOOST_TEST(at(*read, 1, 0, 0) == 9);
  }

  BOOST_AUTO_TEST_CASE(jpeg_is_near_to_its_picture) {
    const auto from = gradient(64, 48);
    for (const bool progressive : {false, true}) {
      const auto read = decode_image(as_jpeg(from, progressive), limit);
      BOOST_REQUIRE_MESSAGE(read, complaint(read));
      BOOST_REQUIRE(read->pixels.size() == from.pixels.size());
      for (uint32_t y = 0; y < 48; y += 5)
        for (uint32_t x = 0; x < 64; x += 5)
          for (int c = 0; c < 3; ++c)
            BOOST_REQUIRE(std::abs(at(*read, x, y, c) - at(from, x, y, c)) < 16);
    }
  }

  BOOST_AUTO_TEST_CASE(bilinear) {
    const image two{2, 1, {"\0\0\0\x64\x64\x64", 6}};
    const auto four = resized(two, 4, 1); // at -0.25, 0.25, 0.75, 1.25
    const int expected[] = {0, 25, 75, 100};
    for (uint32_t x = 0; x < 4; ++x)
      BOOST_TEST(at(four, x, 0, 0) == expected[x]);
    BOOST_TEST(at(resized(two, 1, 3), 0, 2, 1) == 50);
    const auto same = gradient(13, 7);
    BOOST_TEST((resized(same, 13, 7).pixels == same.pixels));
    BOOST_TEST(resized(same, 0, 5).pixels == "");
    BOOST_TEST(resized(image{}, 3, 3).pixels == "");
  }

  BOOST_AUTO_TEST_CASE(tensors) {
    const image one{1, 1, {"\xff\x80\0", 3}};
    const auto chw = make({{"WIDTH", "2"}, {"HEIGHT", "1"},
                           {"MEAN", "0.5, 0, 0.25"}, {"STD", "0.5,1,0.5"}});
    BOOST_TEST(chw.shape() == "3,1,2");
    const auto values = values_of<float>(*chw.run(as_png(one)));
    const float expected[] = {1, 1, 128 / 255.0F, 128 / 255.0F, -0.5F, -0.5F};
    BOOST_REQUIRE(values.size() == 6u);
    for (size_t i = 0; i < 6; ++i)
      BOOST_TEST(std::abs(values[i] - expected[i]) < 1e-6F);
    const auto hwc = make({{"WIDTH", "2"}, {"HEIGHT", "1"}, {"FORMAT", "u8-hwc"}});
    BOOST_TEST(hwc.shape() == "1,2,3");
    BOOST_TEST((*hwc.run(as_png(one)) == std::string{"\xff\x80\0\xff\x80\0", 6}));
  }

  BOOST_AUTO_TEST_CASE(wrong_settings) {
    for (const auto& [name, value] : std::multimap<std::string, std::string>{
           {"WIDTH", "0"}, {"HEIGHT", "5000"}, {"WIDTH", "x"}, {"MEAN", "1,2"},
           {"MEAN", "1,2,3,4"}, {"MEAN", "nan"}, {"STD", "0"}, {"STD", "1,,1"},
           {"FORMAT", "bgr"}, {"MAX_MEGAPIXELS", "65"}})
      BOOST_TEST(complaint(image_tensor::make(given({{name, value}})))
                   .starts_with(name),
                 name << "=" << value);
    BOOST_TEST(!image_tensor::make(given({{"WIDTH", "4096"}, {"HEIGHT", "4096"}})));
  }

  BOOST_AUTO_TEST_CASE(huge_pictures_are_refused_by_their_head) {
    const auto refused = [](const std::string& bytes) {
      const auto read = decode_image(bytes, limit);
      BOOST_REQUIRE(!read);
      BOOST_TEST((read.error().code == errc::too_large), complaint(read));
    };
    refused(png_that_says(20'000, 20'000));
    BOOST_TEST(!decode_image(png_that_says(0x7FFFFFFF, 0x7FFFFFFF), limit));
    BOOST_TEST(!decode_image(png_that_says(0, 5), limit));
    auto jpeg = as_jpeg(gradient(8, 8));
    const auto head = jpeg.find("\xff\xc0");
    BOOST_REQUIRE(head != jpeg.npos);
    jpeg.replace(head + 5, 4, "\xff\x00\xff\x00", 4); // height, width
    refused(jpeg);
  }

  // Never a picture with parts that were made up.
  BOOST_AUTO_TEST_CASE(pictures_that_are_cut_off) {
    const auto from = gradient(40, 30);
    for (const auto& bytes :
         {as_png(from), as_jpeg(from), as_jpeg(from, true)}) {
      const auto whole = decode_image(bytes, limit);
      BOOST_REQUIRE_MESSAGE(whole, complaint(whole));
      for (size_t end = 0; end < bytes.size(); ++end) {
        const auto read
          = decode_image(std::string_view{bytes}.substr(0, end), limit);
        if (read)
          BOOST_REQUIRE(read->pixels == whole->pixels);
        else
          BOOST_REQUIRE((read.error().code == errc::invalid_argument));
      }
    }
    for (const std::string wrong : {"", "GIF89a", "\xff\xd8", "\x89PNG\r\n\x1a\n"})
      BOOST_TEST(!decode_image(wrong, limit));
  }

  BOOST_AUTO_TEST_CASE(a_jpeg_of_too_many_passes_is_refused) {
    auto jpeg = as_jpeg(gradient(16, 16), true);
    const auto last = jpeg.rfind("\xff\xda");
    const auto scan = jpeg.substr(last, jpeg.size() - 2 - last);
    jpeg.resize(jpeg.size() - 2);
    for (int i = 0; i < 300; ++i)
      jpeg += scan;
    const auto read = decode_image(jpeg + "\xff\xd9", limit);
    BOOST_TEST(complaint(read).ends_with("more than 100 passes"),
               complaint(read));
  }

  BOOST_AUTO_TEST_CASE(damaged_pictures) {
    const auto by = make({{"WIDTH", "5"}, {"HEIGHT", "4"}, {"MAX_MEGAPIXELS", "1"}});
    const auto from = gradient(24, 16);
    with_damaged({as_png(from), as_jpeg(from), as_jpeg(from, true)}, 6'000,
                 [&](const std::string& bytes) {
                   const auto out = by.run(bytes);
                   if (out)
                     BOOST_REQUIRE(out->size() == 3u * 5 * 4 * 4);
                   else
                     BOOST_REQUIRE((out.error().code == errc::invalid_argument
                                    || out.error().code == errc::too_large));
                 });
  }

BOOST_AUTO_TEST_SUITE_END()
