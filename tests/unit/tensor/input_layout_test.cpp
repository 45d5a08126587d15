#include "functions/tensor/input_layout.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace faas;
using tensor::input_layout;

namespace {

constexpr uint64_t max_body = 1 << 20;

input_layout make(std::vector<tensor_spec> specs) {
  auto made = input_layout::make(specs, max_body);
  BOOST_REQUIRE_MESSAGE(static_cast<bool>(made),
                        (made ? std::string{} : made.error().to_string()));
  return *made;
}

input_layout images() {
  return make({{"images", "UINT8", {-1, 1, 28, 28}}});
}

invocation event(size_t bytes, header_list headers = {}) {
  invocation made;
  made.body = blob{std::string(bytes, 'x')};
  made.headers = std::move(headers);
  return made;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

void refused(std::vector<tensor_spec> specs, std::string_view because) {
  const auto made = input_layout::make(specs, max_body);
  BOOST_REQUIRE(!made);
  BOOST_TEST(name(made.error().code) == "bad_bundle");
  BOOST_TEST(has(made.error().message, because), made.error().message);
  BOOST_TEST(!made.error().next_step.empty());
}

} // namespace

BOOST_AUTO_TEST_SUITE(input_layout_test)

  BOOST_AUTO_TEST_CASE(batch_follows_from_the_length_of_the_body) {
    const auto layout = images();
    BOOST_TEST(layout.batched());
    BOOST_TEST(*layout.batch_of(event(784)) == 1);
    BOOST_TEST(*layout.batch_of(event(784 * 300)) == 300);
    BOOST_TEST(layout.body_bytes(3) == 3u * 784);
    BOOST_TEST(layout.max_batch() == static_cast<int64_t>(max_body / 784));
  }

  BOOST_AUTO_TEST_CASE(wrong_length_names_what_is_expected_and_what_came) {
    const auto layout = images();
    for (const size_t bytes : {0, 1, 783, 785, 784 * 2 + 1}) {
      const auto n = layout.batch_of(event(bytes));
      BOOST_REQUIRE(!n);
      BOOST_TEST(http_status(n.error().code) == 400);
      BOOST_TEST(has(n.error().message, "UINT8 [n,1,28,28]"));
      BOOST_TEST(has(n.error().message, "784 bytes per item"));
      BOOST_TEST(
        has(n.error().message, "got " + std::to_string(bytes) + " bytes"));
    }
  }

  BOOST_AUTO_TEST_CASE(batch_above_the_limit_of_bodies_is_too_large) {
    const auto layout = images();
    const auto n = layout.batch_of(event((max_body / 784 + 1) * 784));
    BOOST_REQUIRE(!n);
    BOOST_TEST(http_status(n.error().code) == 413);
  }

  BOOST_AUTO_TEST_CASE(shape_and_type_in_headers_must_agree) {
    const auto layout = images();
    const auto with = [&](const char* name, const char* value) {
      return layout.batch_of(event(784 * 2, {{name, value}}));
    };
    BOOST_TEST(*with("x-tensor-shape", "2,1,28,28") == 2);
    BOOST_TEST(*with("X-Tensor-Shape", "[2, 1, 28, 28]") == 2);
    BOOST_TEST(*with("X-Tensor-Datatype", "UINT8") == 2);
    const auto shape = with("X-Tensor-Shape", "2,28,28,1");
    BOOST_REQUIRE(!shape);
    BOOST_TEST(has(shape.error().message, "got shape [2,28,28,1]"));
    BOOST_TEST(!with("X-Tensor-Shape", "3,1,28,28"));
    const auto type = with("X-Tensor-Datatype", "FP32");
    BOOST_REQUIRE(!type);
    BOOST_TEST(has(type.error().message, "got FP32"));
  }

  BOOST_AUTO_TEST_CASE(input_without_batch_takes_exactly_its_bytes) {
    const auto layout = make({{"chunk", "FP32", {1, 512}}});
    BOOST_TEST(!layout.batched());
    BOOST_TEST(layout.max_batch() == 1);
    BOOST_TEST(*layout.batch_of(event(2048)) == 1);
    BOOST_TEST(!layout.batch_of(event(4096)));
    BOOST_TEST(layout.expected() == "FP32 [1,512], 2048 bytes");
  }

  BOOST_AUTO_TEST_CASE(several_inputs_follow_each_other_and_share_the_batch) {
    const auto layout = make({{"image", "UINT8", {-1, 4}},
                              {"rate", "INT64", {1}},
                              {"weight", "FP32", {-1}}});
    BOOST_TEST(layout.body_bytes(3) == 3u * (4 + 4) + 8);
    BOOST_TEST(*layout.batch_of(event(8 + 3 * 8)) == 3);
    BOOST_TEST(!layout.batch_of(event(8)));
    BOOST_TEST(layout.expected()
               == "UINT8 [n,4], then INT64 [1], then FP32 [n], 8 bytes and 8 "
                  "bytes per item");
  }

  BOOST_AUTO_TEST_CASE(manifests_that_describe_no_body_are_refused) {
    refused({}, "no inputs");
    refused({{"a", "FLOAT", {1}}}, "FLOAT");
    refused({{"a", "FP32", {0}}}, "[0]");
    refused({{"a", "FP32", {-1, -1}}}, "[n,n]");
    refused({{"a", "FP32", {2, -1}}}, "[2,n]");
    refused({{"a", "FP32", {-1, -2}}}, "positive");
  }

  BOOST_AUTO_TEST_CASE(items_larger_than_a_body_are_refused_without_overflow) {
    refused({{"a", "UINT8", {static_cast<int64_t>(max_body) + 1}}}, "at most");
    refused({{"a", "FP64", {std::numeric_limits<int64_t>::max(), 1 << 30}}},
            "at most");
    const int64_t half = max_body / 2 + 1;
    refused({{"a", "UINT8", {half}}, {"b", "UINT8", {half}}}, "larger");
  }

  BOOST_AUTO_TEST_SUITE_END()
