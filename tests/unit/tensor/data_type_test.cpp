#include "functions/tensor/data_type.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace faas::tensor;

BOOST_AUTO_TEST_SUITE(data_type_test)

  BOOST_AUTO_TEST_CASE(every_type_is_found_again_by_its_name) {
    size_t found = 0;
    for (int i = 0; i <= static_cast<int>(data_type::fp64); ++i) {
      const auto type = static_cast<data_type>(i);
      BOOST_TEST((data_type_from_name(name(type)) == type));
      BOOST_TEST(data_type_names().find(name(type)) != std::string_view::npos);
      ++found;
    }
    BOOST_TEST(found == 10u);
  }

  BOOST_AUTO_TEST_CASE(sizes_are_those_of_the_open_inference_protocol) {
    BOOST_TEST(byte_size(data_type::boolean) == 1u);
    BOOST_TEST(byte_size(data_type::uint8) == 1u);
    BOOST_TEST(byte_size(data_type::int16) == 2u);
    BOOST_TEST(byte_size(data_type::bf16) == 2u);
    BOOST_TEST(byte_size(data_type::fp32) == 4u);
    BOOST_TEST(byte_size(data_type::int64) == 8u);
    BOOST_TEST(byte_size(data_type::fp64) == 8u);
  }

  BOOST_AUTO_TEST_CASE(names_that_are_none_are_refused) {
    for (const auto* text : {"", "uint8", "FLOAT", "BYTES", "UINT8 "})
      BOOST_TEST(!data_type_from_name(text).has_value(), text);
  }

  BOOST_AUTO_TEST_SUITE_END()
