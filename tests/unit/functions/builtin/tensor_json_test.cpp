// tensor-json: both directions, and tensors that contradict themselves.
#include "functions/builtin/tensor_json.hpp"
#include "inputs.hpp"

#include <limits>

using namespace faas;
using namespace faas::builtin;

BOOST_AUTO_TEST_SUITE(tensor_json_test)

  BOOST_AUTO_TEST_CASE(there_and_back) {
    const std::vector<float> floats{0, -0.5F, 1e-38F, 3.4e38F, 0.1F, 7};
    const auto text
      = tensor_to_json(bytes_of(floats), element::fp32, {2, 3});
    BOOST_REQUIRE_MESSAGE(text, complaint(text));
    const auto back = tensor_from_json(*text);
    BOOST_REQUIRE_MESSAGE(back, complaint(back));
    BOOST_TEST(back->bytes == bytes_of(floats));
    BOOST_TEST(shape_text(back->shape) == "2,3");

    const std::vector<int64_t> numbers{std::numeric_limits<int64_t>::min(), -1,
                                       std::numeric_limits<int64_t>::max()};
    const auto wide = tensor_from_json(
      *tensor_to_json(bytes_of(numbers), element::int64, {}));
    BOOST_REQUIRE_MESSAGE(wide, complaint(wide));
    BOOST_TEST(wide->bytes == bytes_of(numbers));

    BOOST_TEST(*tensor_to_json({"\0\x7f\xff", 3}, element::uint8, {})
               == R"({"datatype":"UINT8","shape":[3],"data":[0,127,255]})");
    BOOST_TEST(*tensor_to_json("", element::fp32, {0, 4})
               == R"({"datatype":"FP32","shape":[0,4],"data":[]})");
  }

  BOOST_AUTO_TEST_CASE(nested_data_tells_the_shape) {
    const auto read
      = tensor_from_json(R"({"datatype": "U8", "data": [[1, 2, 3], [4, 5, 6]]})");
    BOOST_REQUIRE_MESSAGE(read, complaint(read));
    BOOST_TEST(read->bytes == "\1\2\3\4\5\6");
    BOOST_TEST(shape_text(read->shape) == "2,3");
    BOOST_TEST((tensor_from_json(R"({"data": [1]})")->type == element::fp32));
  }

  BOOST_AUTO_TEST_CASE(bytes_that_do_not_fit) {
    const std::string four(16, 0);
    BOOST_TEST(complaint(tensor_to_json(four, element::fp32, {2, 3}))
               == "16 bytes are no FP32 [2,3]");
    BOOST_TEST(!tensor_to_json({four.data(), 15}, element::fp32, {}));
    BOOST_TEST(!tensor_to_json(four, element::fp32, {1ULL << 32, 1ULL << 32, 4}));
    BOOST_TEST(!tensor_to_json(four, element::uint8, {0}));
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()})
      BOOST_TEST(complaint(tensor_to_json(bytes_of<float>({1, bad}),
                                          element::fp32, {}))
                   .starts_with("element 1 is not finite"));
    const auto much = tensor_to_json(std::string(4'000'001, 0), element::uint8, {});
    BOOST_TEST((!much && much.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(json_that_is_no_tensor) {
    for (const std::string wrong :
         {"", "[]", "{}", R"({"data": 1})", R"({"data": [1, [2]]})",
          R"({"data": [[1, 2], [3]]})", R"({"data": [[1, 2], 3]})",
          R"({"data": ["1"]})", R"({"data": [null]})", R"({"data": [true]})",
          R"({"data": [1e39]})", R"({"data": [NaN]})",
          R"({"datatype": "UINT8", "data": [256]})",
          R"({"datatype": "UINT8", "data": [-1]})",
          R"({"datatype": "UINT8", "data": [1.0]})",
          R"({"datatype": "INT64", "data": [9223372036854775808]})",
          R"({"datatype": "INT64", "data": [1.5]})",
          R"({"datatype": "FP16", "data": [1]})", R"({"datatype": 1, "data": [1]})",
          R"({"shape": [2], "data": [1]})", R"({"shape": [-1], "data": [1]})",
          R"({"shape": [1.0], "data": [1]})", R"({"shape": [], "data": [1]})",
          R"({"shape": 1, "data": [1]})",
          R"({"shape": [3, 2], "data": [[1, 2, 3], [4, 5, 6]]})",
          R"({"shape": [4294967296, 4294967296], "data": []})",
          R"({"data": [[[[[[[[[1]]]]]]]]]})"})
      BOOST_TEST(!tensor_from_json(wrong), wrong);
    BOOST_TEST(!tensor_from_json("{\"data\":" + std::string(500'000, '[')));
  }

  BOOST_AUTO_TEST_CASE(shapes) {
    BOOST_TEST(shape_text(*parse_shape(" 1, 3 ,224")) == "1,3,224");
    for (const std::string wrong :
         {"", ",", "1,", "-1", "1.5", "x", "1,2,3,4,5,6,7,8,9",
          "99999999999999999999", "65536,65536,2"})
      BOOST_TEST(!parse_shape(wrong), wrong);
  }

  BOOST_AUTO_TEST_CASE(damaged_tensors) {
    with_damaged({R"({"datatype": "INT64", "shape": [2, 2], "data": [1, -2, 3, 4]})",
                  R"({"datatype":"FP32","shape":[2,1],"data":[[0.5],[1e3]]})"},
                 30'000, [](const std::string& text) {
                   const auto read = tensor_from_json(text);
                   if (!read)
                     return;
                   uint64_t count = 1;
                   for (const auto side : read->shape)
                     count *= side;
                   BOOST_REQUIRE(read->bytes.size()
                                 == count * byte_size(read->type));
                 });
  }

BOOST_AUTO_TEST_SUITE_END()
