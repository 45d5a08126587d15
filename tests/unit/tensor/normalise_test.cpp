// From bytes to floats on the CPU.
#include "functions/tensor/normalise.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas::tensor;

BOOST_AUTO_TEST_SUITE(normalise_test)

  BOOST_AUTO_TEST_CASE(each_channel_has_its_mean_and_deviation) {
    const auto how
      = normalisation::make({-1, 1, 2, 3}, {0, 0.5, 1}, {1, 0.5, 0.25});
    BOOST_REQUIRE(how.has_value());
    const std::vector<uint8_t> image{0, 0, 0, 255, 255, 255};
    std::vector<float> planes(6), pixels(6);
    normalise(*how, image, planes, plane_order::planar);
    normalise(*how, image, pixels, plane_order::interleaved);
    const std::vector<float> expected{0, 1, -1, 1, -4, 0};
    for (size_t i = 0; i < expected.size(); ++i)
      BOOST_TEST(std::abs(planes[i] - expected[i]) < 1e-6f);
    BOOST_TEST(pixels
               == (std::vector<float>{planes[0], planes[2], planes[4],
                                      planes[1], planes[3], planes[5]}));
  }

  BOOST_AUTO_TEST_CASE(every_byte_is_near_the_exact_value) {
    const double mean = 0.485, deviation = 0.229;
    const auto how = normalisation::make({-1, 16, 16, 1}, {mean}, {deviation});
    BOOST_REQUIRE(how.has_value());
    std::vector<uint8_t> bytes(256);
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>(i);
    std::vector<float> made(256);
    normalise(*how, bytes, made, plane_order::planar);
    for (size_t i = 0; i < bytes.size(); ++i)
      BOOST_TEST(
        std::abs(made[i] - (static_cast<double>(i) / 255 - mean) / deviation)
        < 1e-6);
  }

  BOOST_AUTO_TEST_CASE(images_do_not_run_into_each_other) {
    const auto how = normalisation::make({-1, 1, 1, 2}, {0, 0}, {1, 1});
    BOOST_REQUIRE(how.has_value());
    std::vector<float> made(4);
    normalise(*how, std::vector<uint8_t>{0, 255, 255, 0}, made,
              plane_order::planar);
    BOOST_TEST(
      (made[0] == 0 && made[3] == 0 && made[1] > 0.9f && made[2] > 0.9f));
  }

  BOOST_AUTO_TEST_CASE(what_is_no_image_is_refused) {
    BOOST_TEST(!normalisation::make({-1, 4, 4}, {0}, {1}).has_value());
    BOOST_TEST(
      !normalisation::make({-1, 4, 4, 5}, {0, 0, 0, 0, 0}, {1, 1, 1, 1, 1})
         .has_value());
    BOOST_TEST(!normalisation::make({-1, 4, 4, 3}, {0}, {1}).has_value());
    BOOST_TEST(!normalisation::make({-1, 4, 4, 1}, {0}, {0}).has_value());
    BOOST_TEST(!normalisation::make({-1, 4, 4, 1}, {0}, {-1}).has_value());
  }

  BOOST_AUTO_TEST_SUITE_END()
