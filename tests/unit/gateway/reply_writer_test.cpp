#include "gateway/http/reply_writer.hpp"

#include "gateway/http/number_text.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace faas;
using namespace faas::http;
using namespace std::chrono_literals;

namespace {

struct fixture {
  answer_context context{{0x0123456789abcdef, 0xfedcba9876543210},
                         1'234'567us,
                         "DATE",
                         "petrel",
                         {},
                         true,
                         false,
                         false};
  byte_buffer out;
  reply answer;

  std::string written() {
    tail = write_reply(out, answer, context);
    return std::string{out.view()};
  }
  blob tail;
};

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(reply_writer_test, fixture)

  BOOST_AUTO_TEST_CASE(a_functions_answer_carries_the_calls_facts) {
    answer.content_type = "text/csv";
    answer.body = blob{"a,b"};
    answer.site = "edge-1/cpu";
    answer.promise = 2500us;
    answer.started = true;
    answer.times = {1500us, 2ms, 3ms};
    BOOST_TEST(
      written()
      == "HTTP/1.1 200 OK\r\nServer: petrel\r\nDate: DATE\r\n"
         "Content-Type: text/csv\r\n"
         "X-Call-Id: 01234567-89ab-cdef-fedc-ba9876543210\r\n"
         "X-Duration-Seconds: 1.234567\r\nX-Faas-Site: edge-1/cpu\r\n"
         "X-Faas-Promise: 0.002500\r\n"
         "Server-Timing: queue;dur=1.500, service;dur=2.000, cold;dur=3.000, "
         "total;dur=1234.567\r\nContent-Length: 3\r\n\r\na,b");
  }

  BOOST_AUTO_TEST_CASE(the_call_id_is_written_as_it_prints_itself) {
    append_id(out, context.id);
    BOOST_TEST(out.view() == context.id.to_string());
  }

  BOOST_AUTO_TEST_CASE(numbers_are_padded_behind_the_point) {
    append_seconds(out, 1us);
    out.append(" ");
    append_ms(out, 10'001us);
    out.append(" ");
    append_seconds(out, -5s);
    BOOST_TEST(out.view() == "0.000001 10.001 0.000000");
  }

  BOOST_AUTO_TEST_CASE(content_type_falls_back_to_the_requests_then_to_text) {
    BOOST_TEST(has(written(), "Content-Type: text/plain\r\n"));
    out.reset(0);
    context.fallback_type = "application/json";
    BOOST_TEST(has(written(), "Content-Type: application/json\r\n"));
  }

  BOOST_AUTO_TEST_CASE(reserved_and_malformed_headers_are_left_out) {
    answer.headers = {{"X-Own", "yes"},
                      {"Content-Length", "999"},
                      {"transfer-encoding", "chunked"},
                      {"Connection", "close"},
                      {"X-Call-Id", "forged"},
                      {"X-Split", "a\r\nX-Injected: b"},
                      {"Bad Name", "x"},
                      {"", "x"}};
    const auto text = written();
    BOOST_TEST(has(text, "X-Own: yes\r\n"));
    for (const auto absent : {"999", "chunked", "close", "forged", "Injected",
                              "Bad Name", "X-Split"})
      BOOST_TEST(!has(text, absent), absent);
  }

  BOOST_AUTO_TEST_CASE(a_content_type_cannot_split_the_answer) {
    answer.content_type = "text/plain\r\nX-Injected: b";
    BOOST_TEST(!has(written(), "Injected"));
  }

  BOOST_AUTO_TEST_CASE(head_and_204_have_no_body) {
    answer.body = blob{"abc"};
    context.head_only = true;
    auto text = written();
    BOOST_TEST(has(text, "Content-Length: 3\r\n"));
    BOOST_TEST(text.ends_with("\r\n\r\n"));
    out.reset(0);
    context.head_only = false;
    answer.status = 204;
    text = written();
    BOOST_TEST(!has(text, "Content-Length"));
    BOOST_TEST(text.ends_with("\r\n\r\n"));
  }

  BOOST_AUTO_TEST_CASE(a_large_body_is_not_copied) {
    answer.body = blob{std::string(copied_body_bytes + 1, 'x')};
    const auto text = written();
    BOOST_TEST(text.ends_with("\r\n\r\n"));
    BOOST_TEST(tail.view().data() == answer.body.view().data());
  }

  BOOST_AUTO_TEST_CASE(a_failure_is_json_with_code_message_next_and_call) {
    answer
      = reply::failure({errc::overloaded, "full \xff \"quoted\"", "later"});
    const auto text = written();
    BOOST_TEST(has(text, "HTTP/1.1 429 Too Many Requests\r\n"));
    BOOST_TEST(has(text, "Retry-After: 1\r\n"));
    const auto json
      = nlohmann::json::parse(text.substr(text.find("\r\n\r\n") + 4));
    BOOST_TEST(json["error"]["code"] == "overloaded");
    BOOST_TEST(json["error"]["next"] == "later");
    BOOST_TEST(json["error"]["call_id"]
               == "01234567-89ab-cdef-fedc-ba9876543210");
  }

  BOOST_AUTO_TEST_CASE(an_impossible_status_of_a_function_becomes_500) {
    for (const uint16_t status : {0, 99, 101, 199, 600, 65535}) {
      out.reset(0);
      answer.status = status;
      BOOST_TEST(written().starts_with("HTTP/1.1 500 "), status);
    }
  }

  BOOST_AUTO_TEST_CASE(connection_headers_follow_version_and_keep_alive) {
    BOOST_TEST(!has(written(), "Connection"));
    out.reset(0);
    context.http_1_0 = true;
    BOOST_TEST(has(written(), "Connection: keep-alive\r\n"));
    out.reset(0);
    context.keep_alive = false;
    BOOST_TEST(has(written(), "Connection: close\r\n"));
  }

  BOOST_AUTO_TEST_CASE(chunks_have_their_length_in_hex) {
    write_chunk(out, std::string(17, 'a'));
    write_chunk(out, {});
    BOOST_TEST(out.view() == "11\r\n" + std::string(17, 'a') + "\r\n0\r\n\r\n");
  }

  BOOST_AUTO_TEST_CASE(the_date_has_the_fixed_form) {
    BOOST_TEST(http_date(wall_time{784111777s})
               == "Sun, 06 Nov 1994 08:49:37 GMT");
  }

  BOOST_AUTO_TEST_CASE(a_buffer_keeps_its_bytes_when_it_grows) {
    byte_buffer buffer;
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
      const auto part = std::to_string(i) + ";";
      buffer.append(part);
      expected += part;
      if (i % 3 == 0) {
        buffer.consume(2);
        expected.erase(0, 2);
      }
    }
    BOOST_TEST(buffer.view() == expected);
  }

  BOOST_AUTO_TEST_SUITE_END()
