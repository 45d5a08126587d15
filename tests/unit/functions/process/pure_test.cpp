// The decisions of the process runtime: no process is started here.
#include "functions/process/environment.hpp"
#include "functions/process/http_rules.hpp"
#include "functions/process/io_wait.hpp"
#include "functions/process/line_cutter.hpp"
#include "functions/process/restart_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::process;
using namespace std::chrono_literals;

namespace {

const time_point start{1000s};

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

struct collected {
  std::vector<std::string> lines;
  line_cutter::line_sink sink() {
    return [this](std::string_view line) { lines.emplace_back(line); };
  }
};

invocation event_with(header_list headers) {
  invocation event;
  event.id = call_id{1, 2};
  event.method = "PUT";
  event.path = "/a%20b";
  event.query = "x=1&y=%41";
  event.headers = std::move(headers);
  event.body = blob{"hello"};
  return event;
}

} // namespace

BOOST_AUTO_TEST_SUITE(pure_test)

  BOOST_AUTO_TEST_CASE(output_is_cut_into_lines_wherever_it_is_split) {
    const std::string text = "one\ntwo\r\n\nlast";
    for (size_t at = 0; at <= text.size(); ++at) {
      collected got;
      line_cutter cutter{got.sink()};
      cutter.feed(text.substr(0, at), start);
      cutter.feed(text.substr(at), start);
      cutter.end(start);
      BOOST_TEST(got.lines
                   == (std::vector<std::string>{"one", "two", "", "last"}),
                 boost::test_tools::per_element());
    }
  }

  BOOST_AUTO_TEST_CASE(a_line_without_end_costs_no_memory) {
    collected got;
    line_bounds bounds;
    bounds.line_bytes = 100;
    line_cutter cutter{got.sink(), bounds};
    for (int i = 0; i < 1000; ++i)
      cutter.feed(std::string(1000, 'x'), start);
    cutter.feed("\nnext\n", start);
    BOOST_REQUIRE(got.lines.size() == 2);
    BOOST_TEST(got.lines[0] == std::string(100, 'x') + " [cut]");
    BOOST_TEST(got.lines[1] == "next");
  }

  BOOST_AUTO_TEST_CASE(lines_beyond_the_bound_are_dropped_and_counted) {
    collected got;
    line_bounds bounds;
    bounds.burst = 3;
    bounds.per_second = 1;
    line_cutter cutter{got.sink(), bounds};
    for (int i = 0; i < 10; ++i)
      cutter.feed("line " + std::to_string(i) + "\n", start);
    BOOST_TEST(got.lines.size() == 3);
    BOOST_TEST(cutter.dropped() == 7);
    BOOST_TEST(contains(cutter.last_lines(), "line 9")); // for messages
    cutter.feed("later\n", start + 2s);
    BOOST_REQUIRE(got.lines.size() == 5);
    BOOST_TEST(contains(got.lines[3], "7 lines were dropped"));
    BOOST_TEST(got.lines[4] == "later");
    cutter.end(start + 2s);
    BOOST_TEST(got.lines.size() == 5); // told once
  }

  BOOST_AUTO_TEST_CASE(a_flood_is_told_of_once_a_second) {
    collected got;
    line_bounds bounds;
    bounds.burst = 100;
    bounds.per_second = 100;
    line_cutter cutter{got.sink(), bounds};
    for (int ms = 0; ms < 10'000; ++ms)
      for (int i = 0; i < 10; ++i)
        cutter.feed("flood\n", start + ms * 1ms);
    size_t told = 0;
    for (const auto& line : got.lines)
      told += contains(line, "were dropped");
    BOOST_TEST(told <= 10u);
    BOOST_TEST(told >= 5u);
    BOOST_TEST(got.lines.size() <= 1200u); // of 100,000
  }

  BOOST_AUTO_TEST_CASE(the_end_tells_what_was_dropped) {
    collected got;
    line_bounds bounds;
    bounds.burst = 1;
    line_cutter cutter{got.sink(), bounds};
    cutter.feed("a\nb\nc\n", start);
    cutter.end(start);
    BOOST_REQUIRE(got.lines.size() == 2);
    BOOST_TEST(contains(got.lines[1], "2 lines were dropped"));
  }

  BOOST_AUTO_TEST_CASE(only_the_last_lines_are_kept_for_messages) {
    line_bounds bounds;
    bounds.tail = 2;
    bounds.tail_bytes = 4;
    line_cutter cutter{[](std::string_view) {}, bounds};
    cutter.feed("first\nsecond\nthird\n", start);
    BOOST_TEST(cutter.last_lines() == "seco | thir");
    cutter.forget_tail();
    BOOST_TEST(cutter.last_lines().empty());
  }

  BOOST_AUTO_TEST_CASE(pauses_double_until_the_crash_loop) {
    restart_rules rules{100ms, 1s, 10s, 6, 3};
    restart_policy policy{rules};
    auto now = start;
    std::vector<int64_t> pauses;
    for (int i = 0; i < 7; ++i) {
      BOOST_TEST(policy.looping() == (i >= 6));
      const auto next = policy.ended(now, now + 1ms);
      pauses.push_back((next - now) / 1ms);
      now = next;
    }
    BOOST_TEST(pauses == (std::vector<int64_t>{101, 201, 401, 801, 1001, 1001,
                                               1001}),
               boost::test_tools::per_element());
    BOOST_TEST(policy.looping());
    BOOST_TEST(policy.restarts() == 7);
  }

  BOOST_AUTO_TEST_CASE(a_long_run_is_forgiven_its_crashes) {
    restart_policy policy{restart_rules{100ms, 1s, 10s, 3, 3}};
    for (int i = 0; i < 3; ++i)
      policy.ended(start, start + 9s);
    BOOST_TEST(policy.looping());
    const auto again = policy.ended(start, start + 10s);
    BOOST_TEST(!policy.looping());
    BOOST_TEST((again == start + 10s + 100ms));
    BOOST_TEST(policy.fast_crashes() == 0);
    BOOST_TEST(policy.restarts() == 4);
  }

  BOOST_AUTO_TEST_CASE(missed_deadlines_in_a_row_are_a_hang) {
    restart_policy policy{restart_rules{100ms, 1s, 10s, 3, 3}};
    BOOST_TEST(!policy.missed());
    BOOST_TEST(!policy.missed());
    policy.answered();
    BOOST_TEST(!policy.missed());
    BOOST_TEST(!policy.missed());
    BOOST_TEST(policy.missed());
    policy.ended(start, start + 1s); // another run begins without them
    BOOST_TEST(!policy.missed());
  }

  BOOST_AUTO_TEST_CASE(an_event_is_environment_as_of_watchdog_writes_it) {
    const auto env = event_environment(
      event_with({{"user-agent", "curl"},
                  {"X-REQUEST-id", "r"},
                  {"Accept", "a"},
                  {"accept", "b"},
                  {"Bad=Name", "x"},
                  {"", "x"},
                  {"Zero", std::string("a\0b", 3)}}));
    const string_map wanted{
      {"Http_User_Agent", "curl"},    {"Http_X_Request_Id", "r"},
      {"Http_Accept", "a"},           {"Http_Zero", "ab"},
      {"Http_Content_Length", "5"},   {"Http_Method", "PUT"},
      {"Http_Path", "/a b"},          {"Http_Query", "x=1&y=%41"},
      {"Http_X_Call_Id", call_id{1, 2}.to_string()}};
    BOOST_TEST((env == wanted));
  }

  BOOST_AUTO_TEST_CASE(no_header_can_name_another_variable) {
    const auto env = event_environment(event_with(
      {{"PATH", "/evil"}, {"LD_PRELOAD", "x"}, {"proxy", "http://evil"}}));
    for (const auto& [key, value] : env)
      BOOST_TEST(key.starts_with("Http_"), key);
    BOOST_TEST(!env.contains("HTTP_PROXY"));
  }

  BOOST_AUTO_TEST_CASE(the_manifest_wins_over_the_usual_environment) {
    function_spec spec;
    spec.environment = {{"PATH", "/opt/bin"}, {"A", "b"}};
    const auto env
      = base_environment({{function_name{"f"}, 3}, spec, "/bundle"});
    BOOST_TEST(env.at("PATH") == "/opt/bin");
    BOOST_TEST(env.at("A") == "b");
    BOOST_TEST(env.at("PETREL_FUNCTION") == "f");
    BOOST_TEST(env.at("PETREL_VERSION") == "3");
    BOOST_TEST(!env.contains("PETREL_SECRETS"));
    const auto secrets = std::make_shared<secret_folder>(
      "/secrets", std::set<std::string>{"a"});
    BOOST_TEST(base_environment({{function_name{"f"}, 3}, spec, "/b", secrets})
                 .at("PETREL_SECRETS")
               == "/secrets");
  }

  BOOST_AUTO_TEST_CASE(escapes_are_decoded_once) {
    BOOST_TEST(percent_decoded("%41%2fb%2525%zz%4") == "A/b%25%zz%4");
  }

  BOOST_AUTO_TEST_CASE(upstream_urls_give_their_port) {
    BOOST_TEST(port_of_url("http://127.0.0.1:5000") == 5000);
    BOOST_TEST(port_of_url("http://localhost:3000/x:9") == 3000);
    BOOST_TEST(port_of_url("127.0.0.1:82") == 82);
    BOOST_TEST(port_of_url("http://127.0.0.1") == 80);
    for (const auto url : {"", "http://10.0.0.1:80", "http://127.0.0.1:",
                           "http://127.0.0.1:70000", "https://127.0.0.1:1",
                           "http://127.0.0.1:0", "http://127.0.0.1:5x"})
      BOOST_TEST(port_of_url(url) == 0, url);
  }

  BOOST_AUTO_TEST_CASE(requests_carry_the_event_and_no_more) {
    const auto head = request_head(event_with(
      {{"Host", "example.org"},
       {"Connection", "close, X-Drop"},
       {"x-drop", "1"},
       {"Transfer-Encoding", "chunked"},
       {"Upgrade", "h2c"},
       {"Content-Length", "999"},
       {"Expect", "100-continue"},
       {"X-Call-Id", "forged"},
       {"Accept", "a"},
       {"Accept", "b"}}));
    const auto id = call_id{1, 2}.to_string();
    BOOST_TEST(head
               == "PUT /a%20b?x=1&y=%41 HTTP/1.1\r\nHost: example.org\r\n"
                  "Accept: a\r\nAccept: b\r\nX-Call-Id: "
                    + id + "\r\nContent-Length: 5\r\n\r\n");
  }

  BOOST_AUTO_TEST_CASE(no_event_can_smuggle_a_second_request) {
    auto event = event_with({{"A", "b\r\nEvil: 1"}, {"B\r\nEvil", "x"},
                             {"C:", "x"}});
    event.path = "/x HTTP/1.1\r\nEvil: 1\r\n\r\n";
    event.query = "q\r\nEvil: 1";
    event.method = "GET / HTTP/1.1\r\nEvil: 1\r\n\r\nPOST";
    event.content_type = "text/plain\r\nEvil: 1";
    event.traceparent = "t\nEvil: 1";
    const auto head = request_head(event);
    BOOST_TEST(!contains(head, "\nEvil"));
    BOOST_TEST(head.starts_with("POST /x%20HTTP/1.1%0D%0A"));
    BOOST_TEST(head.find("\r\n\r\n") == head.size() - 4);
  }

  BOOST_AUTO_TEST_CASE(requests_without_a_body_say_so_where_it_is_usual) {
    invocation event;
    event.method = "GET";
    BOOST_TEST(!contains(request_head(event), "Content-Length"));
    event.method = "POST";
    BOOST_TEST(contains(request_head(event), "Content-Length: 0\r\n"));
    event.body = blob{"x"};
    event.method = "GET";
    event.content_type = "text/plain";
    event.traceparent = "00-1-2-03";
    const auto head = request_head(event);
    BOOST_TEST(contains(head, "Content-Length: 1\r\n"));
    BOOST_TEST(contains(head, "Content-Type: text/plain\r\n"));
    BOOST_TEST(contains(head, "traceparent: 00-1-2-03\r\n"));
  }

  BOOST_AUTO_TEST_CASE(headers_of_one_connection_are_known_in_any_case) {
    for (const auto name : {"Connection", "KEEP-ALIVE", "te", "Trailer",
                            "transfer-encoding", "Upgrade",
                            "Proxy-Connection"})
      BOOST_TEST(hop_by_hop(name), name);
    for (const auto name : {"Content-Type", "X-Te", "tes", ""})
      BOOST_TEST(!hop_by_hop(name), name);
    BOOST_TEST(named_by("close,  X-A ,b", "x-a"));
    BOOST_TEST(named_by("close,b", "B"));
    BOOST_TEST(!named_by("close, X-AB", "X-A"));
    BOOST_TEST(!named_by("", "X-A"));
  }

  BOOST_AUTO_TEST_CASE(calls_come_back_a_little_before_their_deadline) {
    BOOST_TEST((back_before(start + 60s, start) == start + 60s - 50ms));
    BOOST_TEST((back_before(start + 100ms, start) == start + 95ms));
    BOOST_TEST((back_before(start + 10ms, start) == start + 8ms));
    BOOST_TEST(poll_timeout(start, start - 1s) == 0);
    BOOST_TEST(poll_timeout(start, start + 1ns) == 1);
    BOOST_TEST(poll_timeout(start, time_point::max()) > 0);
  }

  BOOST_AUTO_TEST_SUITE_END()
