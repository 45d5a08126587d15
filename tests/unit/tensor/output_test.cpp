#include "functions/tensor/output.hpp"

#include "libfaas/core/limits.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstring>
#include <limits>

using namespace faas;
using namespace faas::tensor;

namespace {

template <class T>
tensor_view view(data_type type, const std::vector<T>& values) {
  return {type,
          {static_cast<int64_t>(values.size())},
          values.data(),
          values.size() * sizeof(T)};
}

std::string body(const reply& answer) {
  return std::string{answer.body.view()};
}

} // namespace

BOOST_AUTO_TEST_SUITE(output_test)

  BOOST_AUTO_TEST_CASE(accept_header_chooses_and_anything_else_does_not) {
    const auto of = [](const char* value) {
      return accepted_format({{"accept", value}});
    };
    BOOST_TEST((accepted_format({}) == format::any));
    BOOST_TEST((of("*/*") == format::any));
    BOOST_TEST((of("application/json") == format::json));
    BOOST_TEST((of("application/octet-stream") == format::bytes));
    BOOST_TEST((of("text/html, application/json;q=0.9") == format::json));
    BOOST_TEST(
      (of("application/octet-stream, application/json") == format::bytes));
  }

  BOOST_AUTO_TEST_CASE(labels_are_json_unless_bytes_are_wanted) {
    const std::vector<int64_t> labels{9, 0, -3};
    for (const auto wanted : {format::any, format::json}) {
      const auto answer = labels_reply(labels, wanted);
      BOOST_TEST(answer.content_type == "application/json");
      BOOST_TEST(body(answer) == "{\"labels\":[9,0,-3]}");
      BOOST_TEST(answer.status == 200);
    }
    const auto bytes = labels_reply(labels, format::bytes);
    BOOST_TEST(bytes.content_type == "application/octet-stream");
    BOOST_REQUIRE(bytes.body.size() == 24u);
    BOOST_TEST(std::memcmp(bytes.body.view().data(), labels.data(), 24) == 0);
    BOOST_TEST(*find_header(bytes.headers, "x-tensor-shape") == "3");
    BOOST_TEST(*find_header(bytes.headers, "x-tensor-datatype") == "INT64");
  }

  BOOST_AUTO_TEST_CASE(no_labels_are_an_empty_list) {
    BOOST_TEST(body(labels_reply({}, format::any)) == "{\"labels\":[]}");
  }

  BOOST_AUTO_TEST_CASE(tensor_is_bytes_unless_json_is_wanted) {
    const std::vector<float> values{1.5f, -2, 0.1f};
    const auto bytes = tensor_reply(view(data_type::fp32, values), format::any);
    BOOST_TEST(bytes.body.size() == 12u);
    BOOST_TEST(*find_header(bytes.headers, "X-Tensor-Shape") == "3");
    const auto json = tensor_reply(view(data_type::fp32, values), format::json);
    BOOST_TEST(body(json)
               == "{\"outputs\":[{\"name\":\"output0\",\"datatype\":\"FP32\","
                  "\"shape\":[3],\"data\":[1.5,-2,0.1]}]}");
  }

  BOOST_AUTO_TEST_CASE(nan_and_infinity_become_null_in_json) {
    const std::vector<double> values{
      std::nan(""), std::numeric_limits<double>::infinity(), 1};
    const auto json = tensor_reply(view(data_type::fp64, values), format::json);
    BOOST_TEST(body(json).find("\"data\":[null,null,1]") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(integers_and_bools_keep_their_values_in_json) {
    const std::vector<int64_t> large{std::numeric_limits<int64_t>::min()};
    BOOST_TEST(body(tensor_reply(view(data_type::int64, large), format::json))
                 .find("[-9223372036854775808]")
               != std::string::npos);
    const std::vector<uint8_t> flags{1, 0};
    BOOST_TEST(body(tensor_reply(view(data_type::boolean, flags), format::json))
                 .find("[true,false]")
               != std::string::npos);
    BOOST_TEST(body(tensor_reply(view(data_type::uint8, flags), format::json))
                 .find("[1,0]")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(half_precision_goes_as_bytes_only) {
    const std::vector<uint16_t> halves{0x3c00};
    const auto answer
      = tensor_reply(view(data_type::fp16, halves), format::json);
    BOOST_TEST(answer.content_type == "application/octet-stream");
    BOOST_TEST(answer.body.size() == 2u);
  }

  BOOST_AUTO_TEST_CASE(output_over_the_limit_of_bodies_is_refused) {
    const std::vector<uint8_t> large(limits::body_bytes + 1);
    for (const auto wanted : {format::any, format::json}) {
      const auto answer = tensor_reply(view(data_type::uint8, large), wanted);
      BOOST_TEST(answer.status == 413);
      BOOST_TEST(name(answer.code) == "too_large");
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
