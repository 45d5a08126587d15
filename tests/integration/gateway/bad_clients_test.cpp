// Clients that are slow, wrong or hostile.
#include "tests/integration/gateway/server_fixture.hpp"

#include "libfaas/core/random.hpp"

using namespace faas;
using namespace faas::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(bad_clients_test, server_fixture)

  BOOST_AUTO_TEST_CASE(malformed_requests_get_400_and_the_connection_ends) {
    start();
    for (const auto bad :
         {"GET\r\n\r\n", "\x16\x03\x01\x02\x01\x01\x01 hello\r\n\r\n",
          "GET / HTTP/1.1\r\n\r\n", "GET #x HTTP/1.1\r\nHost: h\r\n\r\n",
          "POST /function/hello HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n"
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
          "POST /function/hello HTTP/1.1\r\nHost: h\r\n"
          "Transfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
      auto client = connect();
      BOOST_TEST(client.call(bad).status == 400, bad);
    }
    auto client = connect();
    BOOST_TEST(client.call("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n").status
               == 400);
    BOOST_TEST(client.closed());
  }

  BOOST_AUTO_TEST_CASE(other_codings_and_versions_are_told_apart) {
    start();
    BOOST_TEST(connect()
                 .call("POST /function/hello HTTP/1.1\r\nHost: h\r\n"
                       "Transfer-Encoding: gzip, chunked\r\n\r\n")
                 .status
               == 501);
    BOOST_TEST(connect().call("GET / HTTP/2.0\r\nHost: h\r\n\r\n").status
               == 505);
  }

  BOOST_AUTO_TEST_CASE(a_head_over_the_limit_is_431) {
    config.header_bytes = 2048;
    start();
    auto client = connect();
    client.send("GET /function/hello HTTP/1.1\r\nHost: h\r\nX-Fill: "
                + std::string(5000, 'x') + "\r\n\r\n");
    BOOST_TEST(client.read().status == 431);
  }

  BOOST_AUTO_TEST_CASE(a_head_that_does_not_end_is_408) {
    config.header_timeout = 100ms;
    start();
    auto client = connect();
    client.send("GET /function/hello HTTP/1.1\r\nHost:");
    BOOST_TEST(client.read().status == 408);
    BOOST_TEST(client.closed());
  }

  BOOST_AUTO_TEST_CASE(a_body_that_does_not_end_is_408) {
    config.body_timeout = 100ms;
    start();
    auto client = connect();
    client.send("POST /function/hello HTTP/1.1\r\nHost: h\r\n"
                "Content-Length: 10\r\n\r\nab");
    BOOST_TEST(client.read().status == 408);
  }

  BOOST_AUTO_TEST_CASE(an_idle_connection_is_closed_silently) {
    config.idle_timeout = 100ms;
    start();
    auto client = connect();
    BOOST_TEST(client.request("GET", "/function/hello").status == 200);
    BOOST_TEST(client.closed());
  }

  BOOST_AUTO_TEST_CASE(a_client_that_reads_nothing_is_cut_off) {
    config.write_timeout = 100ms;
    functions.add("large", [](invocation&&, completion&& done, loop_context&) {
      done(text_reply(std::string(30'000'000, 'x')));
    });
    start();
    auto client = connect();
    client.send("GET /function/large HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_TEST(
      eventually([&] { return metric("petrel_gateway_timeouts_total") == 1; }));
  }

  BOOST_AUTO_TEST_CASE(connections_over_the_limit_get_503) {
    config.max_connections = 2;
    start();
    auto one = connect(), two = connect();
    BOOST_TEST(one.request("GET", "/function/hello").status == 200);
    BOOST_TEST(two.request("GET", "/function/hello").status == 200);
    auto three = connect();
    BOOST_TEST(three.read().status == 503);
    BOOST_TEST(three.closed());
    one.close();
    BOOST_TEST(eventually([&] {
      return connect().request("GET", "/function/hello").status == 200;
    }));
  }

  BOOST_AUTO_TEST_CASE(too_many_bytes_of_bodies_at_once_are_429) {
    config.max_reading_bytes = 1000;
    start();
    auto client = connect();
    BOOST_TEST(
      client.request("POST", "/function/echo", std::string(2000, 'x')).status
      == 429);
    for (int i = 0; i < 5; ++i) // what was read is given back
      BOOST_TEST(connect()
                   .request("POST", "/function/echo", std::string(900, 'x'))
                   .status
                 == 200);
  }

  BOOST_AUTO_TEST_CASE(a_client_that_leaves_in_the_body_does_no_harm) {
    config.max_reading_bytes = 3000;
    start();
    for (int i = 0; i < 20; ++i) {
      auto client = connect();
      client.send("POST /function/echo HTTP/1.1\r\nHost: h\r\n"
                  "Content-Length: 5000\r\n\r\n"
                  + std::string(1000, 'x'));
      client.reset();
    }
    BOOST_TEST(eventually([&] {
      return connect()
               .request("POST", "/function/echo", std::string(2900, 'x'))
               .status
             == 200;
    }));
  }

  BOOST_AUTO_TEST_CASE(mangled_bytes_never_stop_the_server) {
    constexpr uint64_t seed = 11;
    BOOST_TEST_MESSAGE("seed " << seed);
    start();
    random_source random{seed};
    const std::string good
      = "POST /function/echo?q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n"
        "\r\nhelloGET /system/info HTTP/1.1\r\nHost: h\r\n\r\n"
        "POST /function/echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked"
        "\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    for (int i = 0; i < 400; ++i) {
      auto text = good;
      for (auto n = random.below(4); n > 0; --n) {
        const auto at = random.below(text.size());
        if (random.below(2))
          text[at] = static_cast<char>(random.below(256));
        else
          text.erase(at, random.below(20));
      }
      auto client = connect();
      const auto cut = random.below(text.size());
      client.send(text.substr(0, cut));
      client.send(text.substr(cut));
      if (random.below(3) == 0) {
        client.reset();
      } else {
        client.shutdown_send();
        while (client.read().status != 0) {
        }
      }
    }
    BOOST_TEST(connect().request("GET", "/function/hello").status == 200);
    BOOST_TEST(
      eventually([&] { return metric("petrel_gateway_connections") == 1; }));
  }

  BOOST_AUTO_TEST_SUITE_END()
