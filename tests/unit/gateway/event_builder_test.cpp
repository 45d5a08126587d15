#include "gateway/http/event_builder.hpp"

#include "libfaas/core/random.hpp"
#include "libfaas/ports/event_port.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::http;
using namespace std::chrono_literals;

namespace {

struct fixture {
  function_view view;
  random_source random{3};
  time_point now{1000s};
  invocation event;

  fixture() {
    view.name = function_name{"hello"};
    view.timeout = 60s;
  }

  result<void> build(const std::string& headers,
                     const std::string& target = "/function/hello/p?q=1") {
    const auto text
      = "PUT " + target + " HTTP/1.1\r\nHost: host:1\r\n" + headers + "\r\n";
    auto parser = make_beast_parser(8192);
    size_t used = 0;
    BOOST_REQUIRE((parser->parse_head(text, used) == parse_status::done));
    return build_event(event, parser->head(),
                       split_target(parser->head().target), view, "10.0.0.7",
                       now, random);
  }
  std::string header(std::string_view name) const {
    const auto* found = find_header(event.headers, name);
    return found ? *found : "-";
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(event_builder_test, fixture)

  BOOST_AUTO_TEST_CASE(the_request_becomes_an_event) {
    BOOST_REQUIRE(build("Content-Type: a/b\r\nIdempotency-Key: k1\r\n"));
    BOOST_TEST(event.function.str() == "hello");
    BOOST_TEST(event.method == "PUT");
    BOOST_TEST(event.path == "/p");
    BOOST_TEST(event.query == "q=1");
    BOOST_TEST(event.content_type == "a/b");
    BOOST_TEST(event.idempotency_key == "k1");
    BOOST_TEST((event.deadline == now + 60s));
    BOOST_TEST((event.id != call_id{}));
    BOOST_TEST(event.traceparent == "");
  }

  BOOST_AUTO_TEST_CASE(a_valid_call_id_of_the_caller_is_kept) {
    BOOST_REQUIRE(build("X-Call-Id: 01234567-89ab-4def-8edc-ba9876543210\r\n"));
    BOOST_TEST(event.id.to_string() == "01234567-89ab-4def-8edc-ba9876543210");
    BOOST_REQUIRE(build("X-Call-Id: none\r\n"));
    BOOST_TEST(event.id.to_string() != "01234567-89ab-4def-8edc-ba9876543210");
    BOOST_TEST((event.id != call_id{}));
  }

  BOOST_AUTO_TEST_CASE(x_timeout_only_shortens_the_deadline) {
    BOOST_REQUIRE(build("X-Timeout: 250ms\r\n"));
    BOOST_TEST((event.deadline == now + 250ms));
    for (const auto ignored : {"5h", "-1s", "0s", "soon", ""}) {
      BOOST_REQUIRE(build(std::string{"X-Timeout: "} + ignored + "\r\n"));
      BOOST_TEST((event.deadline == now + 60s), ignored);
    }
  }

  BOOST_AUTO_TEST_CASE(hop_by_hop_headers_are_not_forwarded) {
    BOOST_REQUIRE(build("Connection: keep-alive, X-Private\r\nX-Private: 1\r\n"
                        "Keep-Alive: 5\r\nTE: x\r\nProxy-Authorization: s\r\n"
                        "Upgrade: h2c\r\nX-Kept: yes\r\nExpect: x\r\n"));
    for (const auto gone : {"Connection", "X-Private", "Keep-Alive", "TE",
                            "Proxy-Authorization", "Upgrade", "Expect"})
      BOOST_TEST(header(gone) == "-", gone);
    BOOST_TEST(header("x-kept") == "yes");
    BOOST_TEST(header("Host") == "host:1");
  }

  BOOST_AUTO_TEST_CASE(forwarded_headers_are_added_only_when_absent) {
    BOOST_REQUIRE(build(""));
    BOOST_TEST(header("X-Forwarded-For") == "10.0.0.7");
    BOOST_TEST(header("X-Forwarded-Host") == "host:1");
    BOOST_REQUIRE(build("X-Forwarded-For: 1.2.3.4\r\n"));
    BOOST_TEST(header("X-Forwarded-For") == "1.2.3.4");
  }

  BOOST_AUTO_TEST_CASE(the_trace_context_travels_in_its_own_fields) {
    BOOST_REQUIRE(
      build("traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-"
            "01\r\ntracestate: a=1\r\ntracestate: b=2\r\n"));
    BOOST_TEST(event.traceparent.substr(3, 32)
               == "4bf92f3577b34da6a3ce929d0e0e4736");
    BOOST_TEST(event.tracestate == "a=1,b=2");
    BOOST_REQUIRE(build("traceparent: junk\r\ntracestate: a=1\r\n"));
    BOOST_TEST(event.traceparent == "");
    BOOST_TEST(event.tracestate == "");
  }

  BOOST_AUTO_TEST_CASE(an_overlong_idempotency_key_is_refused) {
    const auto done
      = build("Idempotency-Key: " + std::string(256, 'k') + "\r\n");
    BOOST_REQUIRE(!done);
    BOOST_TEST((done.error().code == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_CASE(size_in_bytes_is_divided) {
    event.body = blob{std::string(7840, 'x')};
    BOOST_TEST(event_size({size_feature::kind::bytes, "", 784}, event) == 10);
    BOOST_TEST(event_size({size_feature::kind::bytes, "", 0}, event) == 7840);
  }

  BOOST_AUTO_TEST_CASE(size_of_a_header_is_its_number_or_zero) {
    event.headers = {{"X-Images", "12.5"}};
    const auto size = [&](const char* value) {
      event.headers[0].value = value;
      return event_size({size_feature::kind::header, "x-images", 1}, event);
    };
    BOOST_TEST(size("12.5") == 12.5);
    for (const auto bad : {"", "many", "-3", "nan", "inf", "1e999"})
      BOOST_TEST(size(bad) == 0, bad);
    event.headers.clear();
    BOOST_TEST(event_size({size_feature::kind::header, "x-images", 1}, event)
               == 0);
  }

  BOOST_AUTO_TEST_CASE(size_in_items_is_what_the_body_holds) {
    invocation event;
    event.content_type = "multipart/mixed; boundary=b";
    event.body = blob{std::string{"--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--"}};
    BOOST_TEST(event_size({size_feature::kind::items, "", 1}, event) == 2);
    BOOST_TEST(event_size({size_feature::kind::items, "", 4}, event) == 0.5);
    event.content_type = "image/png";
    BOOST_TEST(event_size({size_feature::kind::items, "", 1}, event) == 1);
  }

  BOOST_AUTO_TEST_CASE(size_in_json_is_a_number_or_a_length) {
    const auto size = [&](const char* pointer, std::string body) {
      event.body = blob{std::move(body)};
      return event_size({size_feature::kind::json_pointer, pointer, 1}, event);
    };
    BOOST_TEST(size("/n", R"({"n":38})") == 38);
    BOOST_TEST(size("/a/0", R"({"a":[[1,2,3]]})") == 3);
    BOOST_TEST(size("/s", R"({"s":"four"})") == 4);
    for (const auto body : {"", "{", "[]", R"({"n":null})", R"({"n":{}})",
                            "\xff\xfe", R"({"n":-5})"})
      BOOST_TEST(size("/n", body) == 0, body);
    BOOST_TEST(size("no pointer", R"({"n":38})") == 0);
    BOOST_TEST(
      size("/n", R"({"n":1,"x":")" + std::string(json_limit, 'x') + "\"}")
      == 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
