#include "libfaas/core/id.hpp"

#include "libfaas/core/random.hpp"

#include <boost/test/unit_test.hpp>
#include <set>
#include <unordered_set>

using namespace faas;

BOOST_AUTO_TEST_SUITE(id_test)

  BOOST_AUTO_TEST_CASE(accepts_the_names_that_openfaas_accepts) {
    for (const auto name : {"a", "7", "hello", "hello-2", "a--b", "0-0"})
      BOOST_TEST(valid_function_name(name), name);
    BOOST_TEST(valid_function_name(std::string(63, 'x')));
  }

  BOOST_AUTO_TEST_CASE(refuses_every_other_name) {
    for (const auto name : {"", "-a", "a-", "-", "A", "a_b", "a.b", "a b",
                            "a/b", "../a", "h\xc3\xa9", "a\n", "a:1"})
      BOOST_TEST(!valid_function_name(name), name);
    BOOST_TEST(!valid_function_name(std::string(64, 'x')));
    BOOST_TEST(!valid_function_name(std::string_view{"a\0b", 3}));
  }

  BOOST_AUTO_TEST_CASE(call_ids_print_and_parse_to_themselves) {
    random_source random{7};
    for (int i = 0; i < 1000; ++i) {
      const auto id = call_id::make(random);
      const auto parsed = call_id::parse(id.to_string());
      BOOST_REQUIRE(parsed);
      BOOST_TEST((*parsed == id));
    }
  }

  BOOST_AUTO_TEST_CASE(a_call_id_is_a_random_uuid_of_version_4) {
    random_source random{7};
    std::unordered_set<call_id> seen;
    for (int i = 0; i < 1000; ++i) {
      const auto id = call_id::make(random);
      const auto text = id.to_string();
      BOOST_TEST(text.size() == 36);
      BOOST_TEST(text[14] == '4');
      BOOST_TEST((text[19] == '8' || text[19] == '9' || text[19] == 'a'
                  || text[19] == 'b'));
      BOOST_TEST(seen.insert(id).second);
    }
  }

  BOOST_AUTO_TEST_CASE(a_call_id_prints_its_bits_from_high_to_low) {
    const call_id id{0x0123456789abcdef, 0xfedcba9876543210};
    BOOST_TEST(id.to_string() == "01234567-89ab-cdef-fedc-ba9876543210");
    BOOST_TEST(call_id{}.to_string() == "00000000-0000-0000-0000-000000000000");
  }

  BOOST_AUTO_TEST_CASE(a_call_id_parses_in_either_case) {
    const auto upper = call_id::parse("01234567-89AB-CDEF-FEDC-BA9876543210");
    BOOST_REQUIRE(upper);
    BOOST_TEST(upper->high == 0x0123456789abcdef);
    BOOST_TEST(upper->low == 0xfedcba9876543210);
  }

  BOOST_AUTO_TEST_CASE(text_that_is_no_uuid_is_refused) {
    for (const auto text : {"", "01234567-89ab-cdef-fedc-ba987654321",
                            "01234567-89ab-cdef-fedc-ba98765432100",
                            "0123456789abcdeffedcba9876543210",
                            "01234567_89ab_cdef_fedc_ba98765432",
                            "g1234567-89ab-cdef-fedc-ba9876543210",
                            "01234567-89ab-cdef-fedc-ba987654321-",
                            "-1234567-89ab-cdef-fedc-ba9876543210"}) {
      const auto parsed = call_id::parse(text);
      BOOST_REQUIRE(!parsed);
      BOOST_TEST((parsed.error().code == errc::invalid_argument));
    }
  }

  BOOST_AUTO_TEST_CASE(digests_print_and_parse_to_themselves) {
    random_source random{11};
    for (int i = 0; i < 200; ++i) {
      digest id;
      for (auto& byte : id.bytes)
        byte = static_cast<uint8_t>(random.below(256));
      const auto text = id.hex();
      BOOST_TEST(text.size() == 64);
      for (const auto& form : {text, "sha256:" + text}) {
        const auto parsed = digest::parse(form);
        BOOST_REQUIRE(parsed);
        BOOST_TEST((*parsed == id));
      }
    }
  }

  BOOST_AUTO_TEST_CASE(a_digest_begins_with_its_first_byte) {
    digest id;
    id.bytes[0] = 0xab;
    id.bytes[31] = 0x01;
    BOOST_TEST(id.hex() == "ab" + std::string(60, '0') + "01");
  }

  BOOST_AUTO_TEST_CASE(text_that_is_no_digest_is_refused) {
    const std::string good(64, 'a');
    for (const auto& text :
         {std::string{}, good.substr(1), good + "a", "sha256:" + good.substr(2),
          "sha512:" + good, "SHA256:" + good, good.substr(1) + "g",
          "sha256:sha256:" + good, " " + good.substr(1)}) {
      const auto parsed = digest::parse(text);
      BOOST_REQUIRE(!parsed);
      BOOST_TEST((parsed.error().code == errc::invalid_argument));
    }
  }

  BOOST_AUTO_TEST_CASE(names_compare_and_hash_by_their_text) {
    const function_name a{"a"}, b{"b"};
    BOOST_TEST((a < b));
    BOOST_TEST((a == function_name{"a"}));
    BOOST_TEST(function_name{}.empty());
    const std::unordered_set<function_name> set{a, b, function_name{"a"}};
    BOOST_TEST(set.size() == 2);
    const std::set<version_ref> versions{{a, 2}, {a, 1}, {b, 1}, {a, 2}};
    BOOST_TEST(versions.size() == 3);
    BOOST_TEST(versions.begin()->version == 1);
  }

  BOOST_AUTO_TEST_SUITE_END()
