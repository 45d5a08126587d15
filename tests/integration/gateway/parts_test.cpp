// Answers in parts over real sockets.
#include "libfaas/event/answer_parts.hpp"
#include "tests/integration/gateway/server_fixture.hpp"

#include <thread>

using namespace faas;
using namespace faas::test;
using taken = answer_parts::taken;

namespace {

struct parts_fixture : server_fixture {
  reply head;

  parts_fixture() {
    head.status = 201;
    head.content_type = "text/event-stream";
    head.headers = {{"X-A", "1"}, {"Content-Length", "7"}};
    start();
  }
  /// Asks for what is held; gives what its function has.
  std::shared_ptr<answer_parts> ask(http_client& client,
                                    const std::string& method = "GET",
                                    const std::string& version = "1.1") {
    client.send(method + " /function/held HTTP/" + version
                + "\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(++asked));
    return held.event(asked - 1).parts;
  }
  completion last() { return held.take(asked - 1); }
  size_t asked = 0;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(parts_test, parts_fixture)

  BOOST_AUTO_TEST_CASE(each_part_arrives_before_the_next_is_made) {
    auto client = connect();
    const auto parts = ask(client);
    BOOST_REQUIRE(parts);
    BOOST_TEST(!parts->began());
    BOOST_TEST((parts->put(head, "data: 0\n") == taken::sent));
    BOOST_TEST(parts->began());
    const auto answer = client.read_head();
    BOOST_TEST(answer.status == 201);
    BOOST_TEST(answer.header("content-type") == "text/event-stream");
    BOOST_TEST(answer.header("x-a") == "1");
    BOOST_TEST(answer.header("x-call-id").size() == 36u);
    BOOST_TEST(answer.header("transfer-encoding") == "chunked");
    BOOST_TEST(answer.header("content-length") == "");
    BOOST_TEST(client.read_line() == "data: 0");
    BOOST_TEST((parts->put(head, "data: 1\n") == taken::sent));
    BOOST_TEST(client.read_line() == "data: 1");
    BOOST_TEST((parts->put(head, "data: 2\n") == taken::sent));
    last()(text_reply("data: end\n")); // their order is kept
    BOOST_TEST(client.read_line() == "data: 2");
    BOOST_TEST(client.read_line() == "data: end");
    BOOST_TEST(client.read_line() == ""); // the last chunk
    BOOST_TEST((parts->put(head, "late") == taken::gone));
    BOOST_TEST(client.request("GET", "/function/hello").body == "hello\n");
    BOOST_TEST(metric("gateway_function_invocation_total{function_name="
                      "\"held.openfaas-fn\",code=\"201\"")
               == 1);
  }

  BOOST_AUTO_TEST_CASE(events_of_a_connection_keep_their_parts_apart) {
    auto client = connect();
    const auto first = ask(client);
    BOOST_TEST((first->put(head, "a") == taken::sent));
    last()(text_reply("b"));
    BOOST_TEST(client.read().body == "ab");
    const auto second = ask(client);
    BOOST_TEST((first->put(head, "late") == taken::gone));
    last()(text_reply("whole"));
    BOOST_TEST(client.read().body == "whole");
    BOOST_TEST((second->put(head, "late") == taken::gone));
  }

  BOOST_AUTO_TEST_CASE(a_failure_in_the_middle_cuts_the_answer_off) {
    auto client = connect();
    const auto parts = ask(client);
    parts->put(head, "data: 0\n");
    BOOST_TEST(client.read_head().status == 201);
    BOOST_TEST(client.read_line() == "data: 0");
    last()(reply::failure({errc::function_failed, "it threw", ""}));
    BOOST_TEST(client.closed()); // without a last chunk
    BOOST_TEST(eventually([&] {
      return metric("gateway_function_invocation_total{function_name="
                    "\"held.openfaas-fn\",code=\"500\"")
             == 1;
    }));
  }

  BOOST_AUTO_TEST_CASE(who_cannot_take_parts_gets_it_whole) {
    auto client = connect();
    BOOST_TEST(!ask(client, "HEAD"));
    last()(text_reply("whole"));
    BOOST_TEST(client.read(true).header("content-length") == "5");
    BOOST_TEST(!ask(client, "GET", "1.0"));
    last()(text_reply("whole"));
    BOOST_TEST(client.read().body == "whole");
  }

  BOOST_AUTO_TEST_CASE(a_status_without_body_has_no_chunks) {
    auto client = connect();
    const auto parts = ask(client);
    head.status = 204;
    BOOST_TEST((parts->put(head, "dropped") == taken::sent));
    const auto answer = client.read_head();
    BOOST_TEST(answer.status == 204);
    BOOST_TEST(answer.header("transfer-encoding") == "");
    last()(text_reply("dropped"));
    BOOST_TEST(client.request("GET", "/function/hello").body == "hello\n");
  }

  BOOST_AUTO_TEST_CASE(a_client_that_does_not_read_holds_the_function_back) {
    auto client = connect();
    const auto parts = ask(client);
    const std::string part(64 * 1024, 'x');
    size_t sent = 0;
    // Sockets and buffers hold some MiB at most.
    BOOST_REQUIRE(eventually([&] {
      if (parts->put(head, part) != taken::sent)
        return true;
      ++sent;
      return false;
    }));
    BOOST_TEST(sent < 1024u);
    // It reads: the function can go on, and nothing is left behind.
    int status = 0;
    size_t got = 0;
    std::thread reader{[&] {
      status = client.read_head().status;
      got = client.read_line().size();
    }};
    BOOST_TEST(eventually(
      [&] { return parts->put(head, part) == taken::sent; }));
    BOOST_TEST(eventually(
      [&] { return parts->put(head, "\n") == taken::sent; }));
    reader.join(); // before the answer's end
    BOOST_TEST(status == 201);
    BOOST_TEST(got == (sent + 1) * part.size());
    last()(text_reply("."));
    BOOST_TEST(client.read_line() == ""); // "." has no line feed
    BOOST_TEST(client.request("GET", "/function/hello").body == "hello\n");
  }

  BOOST_AUTO_TEST_CASE(a_client_that_left_is_told_to_the_function) {
    auto client = connect();
    const auto parts = ask(client);
    parts->put(head, "data: 0\n");
    client.read_head();
    client.close();
    BOOST_TEST(eventually(
      [&] { return parts->put(head, "data: 1\n") == taken::gone; }));
    BOOST_TEST(!held.wanted(0));
  }

BOOST_AUTO_TEST_SUITE_END()
