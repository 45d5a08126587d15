// Function calls over real sockets.
#include "tests/integration/gateway/server_fixture.hpp"

#include <nlohmann/json.hpp>

#include <thread>

using namespace faas;
using namespace faas::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(calls_test, server_fixture)

  BOOST_AUTO_TEST_CASE(a_call_is_answered_with_its_facts) {
    start();
    auto client = connect();
    const auto answer = client.request("GET", "/function/hello");
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(answer.body == "hello\n");
    BOOST_TEST(answer.header("x-faas-site") == "edge-1/cpu");
    BOOST_TEST(answer.header("x-call-id").size() == 36u);
    BOOST_TEST(answer.header("x-duration-seconds").size() == 8u);
    BOOST_TEST(answer.header("server-timing").starts_with("queue;dur="));
    BOOST_TEST(answer.header("etag") == "");
  }

  BOOST_AUTO_TEST_CASE(method_path_query_type_and_body_reach_the_function) {
    start();
    auto client = connect();
    for (const auto method : {"GET", "POST", "PUT", "PATCH", "DELETE",
                              "OPTIONS", "HEAD", "QUERY"}) {
      const auto answer
        = client.request(method, "/function/echo.openfaas-fn/a/b?x=1", "body",
                         "Content-Type: text/csv\r\n");
      BOOST_TEST(answer.status == 200, method);
      BOOST_TEST(answer.header("x-method") == method);
      BOOST_TEST(answer.header("x-path") == "/a/b");
      BOOST_TEST(answer.header("x-query") == "x=1");
      BOOST_TEST(answer.header("content-type") == "text/csv");
      BOOST_TEST(answer.body == (std::string{method} == "HEAD" ? "" : "body"));
    }
  }

  BOOST_AUTO_TEST_CASE(a_connection_serves_many_requests) {
    start();
    auto client = connect();
    for (int i = 0; i < 200; ++i)
      BOOST_REQUIRE(client.request("GET", "/function/hello").status == 200);
    BOOST_TEST(metric("petrel_gateway_accepted_total") == 2);
  }

  BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
    start();
    auto client = connect();
    std::string all;
    for (int i = 0; i < 300; ++i)
      all += "POST /function/echo HTTP/1.1\r\nHost: h\r\nContent-Length: "
             "3\r\n\r\n"
             + std::to_string(100 + i);
    client.send(all);
    for (int i = 0; i < 300; ++i)
      BOOST_REQUIRE(client.read().body == std::to_string(100 + i));
  }

  BOOST_AUTO_TEST_CASE(a_held_answer_holds_back_the_pipelined_ones) {
    start();
    auto client = connect();
    client.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n"
                "GET /function/hello HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    held.take(0)(text_reply("first"));
    BOOST_TEST(client.read().body == "first");
    BOOST_TEST(client.read().body == "hello\n");
  }

  BOOST_AUTO_TEST_CASE(a_chunked_body_arrives_whole) {
    start();
    auto client = connect();
    client.send("POST /function/echo HTTP/1.1\r\nHost: h\r\n"
                "Transfer-Encoding: chunked\r\n\r\n4\r\nwiki\r\n");
    client.send("5\r\npedia\r\n0\r\nT: x\r\n\r\n");
    BOOST_TEST(client.read().body == "wikipedia");
    BOOST_TEST(client.request("GET", "/function/hello").status == 200);
  }

  BOOST_AUTO_TEST_CASE(a_megabyte_goes_there_and_back) {
    start();
    auto client = connect();
    std::string body(3'000'000, '\0');
    for (size_t i = 0; i < body.size(); ++i)
      body[i] = static_cast<char>(i * 31 >> 3);
    for (int i = 0; i < 3; ++i)
      BOOST_TEST((client.request("POST", "/function/echo", body).body == body));
  }

  BOOST_AUTO_TEST_CASE(a_slow_reader_gets_a_large_answer_and_the_next_ones) {
    start();
    auto client = connect();
    const std::string body(4'000'000, 'x');
    client.request("GET", "/function/hello");
    // All three are sent before anything is read.
    const auto head = "POST /function/echo HTTP/1.1\r\nHost: h\r\n"
                      "Content-Length: 4000000\r\n\r\n";
    std::thread sender{[&] {
      for (int i = 0; i < 3; ++i)
        client.send(head + body);
    }};
    for (int i = 0; i < 3; ++i)
      BOOST_TEST(client.read().body.size() == body.size());
    sender.join();
  }

  BOOST_AUTO_TEST_CASE(expect_100_continue_is_answered_before_the_body) {
    start();
    auto client = connect();
    client.send("POST /function/echo HTTP/1.1\r\nHost: h\r\n"
                "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    BOOST_TEST(client.read_head().status == 100);
    client.send("ok");
    BOOST_TEST(client.read().body == "ok");
  }

  BOOST_AUTO_TEST_CASE(expect_100_continue_of_a_refused_call_gets_no_100) {
    start();
    auto client = connect();
    client.send("POST /function/small HTTP/1.1\r\nHost: h\r\n"
                "Expect: 100-continue\r\nContent-Length: 99\r\n\r\n");
    const auto answer = client.read_head();
    BOOST_TEST(answer.status == 413);
    BOOST_TEST(answer.header("connection") == "close");
  }

  BOOST_AUTO_TEST_CASE(
    an_unknown_function_is_404_json_and_the_connection_lives) {
    start();
    auto client = connect();
    const auto answer = client.request("POST", "/function/nix", "some body");
    BOOST_TEST(answer.status == 404);
    const auto json = nlohmann::json::parse(answer.body);
    BOOST_TEST(json["error"]["code"] == "not_found");
    BOOST_TEST(json["error"]["call_id"] == answer.header("x-call-id"));
    BOOST_TEST(client.request("GET", "/function/hello").status == 200);
    BOOST_TEST(client.request("GET", "/function/").status == 404);
  }

  BOOST_AUTO_TEST_CASE(a_body_over_the_functions_limit_is_413_unread) {
    start();
    auto client = connect();
    client.send("POST /function/small HTTP/1.1\r\nHost: h\r\n"
                "Content-Length: 1000000000\r\n\r\nxxx");
    BOOST_TEST(client.read().status == 413);
    BOOST_TEST(client.closed());
    auto other = connect();
    BOOST_TEST(other
                 .call("POST /function/small HTTP/1.1\r\nHost: h\r\n"
                       "Transfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n")
                 .status
               == 413);
    BOOST_TEST(connect().request("POST", "/function/small", "1234567890").status
               == 200);
  }

  BOOST_AUTO_TEST_CASE(
    the_deadline_answers_504_and_the_late_answer_is_dropped) {
    start();
    auto client = connect();
    const auto answer
      = client.request("GET", "/function/held", {}, "X-Timeout: 30ms\r\n");
    BOOST_TEST(answer.status == 504);
    BOOST_TEST(nlohmann::json::parse(answer.body)["error"]["code"]
               == "deadline_exceeded");
    BOOST_TEST(!held.wanted(0));
    held.take(0)(text_reply("late"));
    BOOST_TEST(client.request("GET", "/function/hello").body == "hello\n");
    BOOST_TEST(eventually(
      [&] { return metric("petrel_gateway_late_answers_total") == 1; }));
  }

  BOOST_AUTO_TEST_CASE(answers_come_from_any_thread) {
    start();
    std::vector<std::thread> clients;
    std::atomic<int> right{0};
    constexpr size_t count = 24;
    for (size_t i = 0; i < count; ++i)
      clients.emplace_back([&] {
        auto client = connect();
        right += client.request("GET", "/function/held").body == "there";
      });
    BOOST_REQUIRE(held.wait(count));
    std::vector<std::thread> workers;
    for (size_t i = 0; i < 4; ++i)
      workers.emplace_back([&, i] {
        for (size_t k = i; k < count; k += 4)
          held.take(k)(text_reply("there"));
      });
    for (auto& thread : workers)
      thread.join();
    for (auto& thread : clients)
      thread.join();
    BOOST_TEST(right == static_cast<int>(count));
  }

  BOOST_AUTO_TEST_CASE(a_destroyed_completion_is_500_abandoned) {
    start();
    auto client = connect();
    client.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    held.drop_all();
    const auto answer = client.read();
    BOOST_TEST(answer.status == 500);
    BOOST_TEST(nlohmann::json::parse(answer.body)["error"]["code"]
               == "abandoned");
  }

  BOOST_AUTO_TEST_CASE(a_client_that_leaves_makes_its_event_unwanted) {
    start();
    auto client = connect();
    client.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    BOOST_TEST(held.wanted(0));
    client.close();
    BOOST_TEST(eventually([&] { return !held.wanted(0); }));
    auto other = connect();
    other.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(2));
    other.reset();
    BOOST_TEST(eventually([&] { return !held.wanted(1); }));
    BOOST_TEST(metric("petrel_gateway_clients_gone_total") == 2);
    BOOST_TEST(
      eventually([&] { return metric("petrel_gateway_pending") == 0; }));
  }

  BOOST_AUTO_TEST_CASE(a_full_pending_table_answers_429_with_retry_after) {
    config.max_pending = 1;
    start();
    auto first = connect(), second = connect();
    first.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    const auto answer = second.request("GET", "/function/hello");
    BOOST_TEST(answer.status == 429);
    BOOST_TEST(answer.header("retry-after") == "1");
    held.take(0)(text_reply("done"));
    BOOST_TEST(first.read().status == 200);
    BOOST_TEST(second.request("GET", "/function/hello").status == 200);
  }

  BOOST_AUTO_TEST_CASE(a_posted_task_runs_on_the_loop_in_a_later_turn) {
    functions.add(
      "posted", [](invocation&&, completion&& done, loop_context& loop) {
        auto kept = std::make_shared<completion>(std::move(done));
        loop.post([kept, &loop] {
          (*kept)(text_reply(loop.in_loop() ? "on loop" : "elsewhere"));
        });
      });
    start();
    BOOST_TEST(connect().request("GET", "/function/posted").body == "on loop");
  }

  BOOST_AUTO_TEST_CASE(connections_are_dealt_out_evenly) {
    config.loops = 2;
    start();
    std::vector<std::unique_ptr<http_client>> clients;
    for (int i = 0; i < 32; ++i) {
      clients.push_back(std::make_unique<http_client>(server->port()));
      clients.back()->request("GET", "/function/hello");
    }
    // This look itself is one more connection.
    const auto first = metric("petrel_gateway_accepted_total{loop=\"0\"}");
    BOOST_TEST(std::abs(first - 16) <= 1);
  }

  BOOST_AUTO_TEST_CASE(calls_are_counted_by_function_and_code) {
    start();
    auto client = connect();
    for (int i = 0; i < 3; ++i)
      client.request("GET", "/function/hello");
    const std::string labels
      = "{function_name=\"hello.openfaas-fn\",code=\"200\"}";
    BOOST_TEST(metric("gateway_function_invocation_total" + labels) == 3);
    BOOST_TEST(metric("gateway_functions_seconds_count" + labels) == 3);
    BOOST_TEST(metric("gateway_function_invocation_started"
                      "{function_name=\"hello.openfaas-fn\"}")
               == 3);
  }

  BOOST_AUTO_TEST_CASE(http_1_0_closes_unless_asked_to_stay) {
    start();
    auto client = connect();
    BOOST_TEST(client
                 .call("GET /function/hello HTTP/1.0\r\n"
                       "Connection: keep-alive\r\n\r\n")
                 .header("connection")
               == "keep-alive");
    BOOST_TEST(client.call("GET /function/hello HTTP/1.0\r\n\r\n").status
               == 200);
    BOOST_TEST(client.closed());
  }

  BOOST_AUTO_TEST_SUITE_END()
