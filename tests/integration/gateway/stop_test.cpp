// Start and stop of the server.
#include "tests/integration/gateway/server_fixture.hpp"

#include <future>
#include <thread>

using namespace faas;
using namespace faas::test;
using namespace std::chrono_literals;

namespace {

result<std::unique_ptr<http::http_server>> try_start(server_fixture& f) {
  return http::http_server::start(f.config,
                                  {f.functions,
                                   f.admin,
                                   f.bundles,
                                   f.clock,
                                   [](std::string_view) { return false; },
                                   {}});
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(stop_test, server_fixture)

  BOOST_AUTO_TEST_CASE(what_is_in_flight_is_answered_within_the_grace_period) {
    config.loops = 2;
    start();
    auto busy = connect(), idle = connect();
    idle.request("GET", "/function/hello");
    busy.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    auto stopped = std::async(std::launch::async, [&] { server->stop(30s); });
    BOOST_TEST(idle.closed());
    held.take(0)(text_reply("in time"));
    const auto answer = busy.read();
    BOOST_TEST(answer.body == "in time");
    BOOST_TEST(answer.header("connection") == "close");
    BOOST_TEST(busy.closed());
    stopped.get();
    BOOST_CHECK_THROW(connect(), std::runtime_error);
  }

  BOOST_AUTO_TEST_CASE(what_is_not_answered_in_time_gets_503) {
    start();
    auto client = connect();
    client.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    server->stop(50ms);
    const auto answer = client.read();
    BOOST_TEST(answer.status == 503);
    BOOST_TEST(answer.body.find("shutting_down") != std::string::npos);
    BOOST_TEST(!held.wanted(0));
    held.take(0)(text_reply("too late")); // must find no dead object
  }

  BOOST_AUTO_TEST_CASE(stop_is_repeatable_and_needs_no_clients) {
    start();
    server->stop(1s);
    server->stop(1s);
  }

  BOOST_AUTO_TEST_CASE(completions_outlive_the_server) {
    start();
    auto client = connect();
    client.send("GET /function/held HTTP/1.1\r\nHost: h\r\n\r\n");
    BOOST_REQUIRE(held.wait(1));
    auto kept = held.take(0);
    server.reset();
    BOOST_TEST(!kept.wanted());
    kept(text_reply("nobody"));
  }

  BOOST_AUTO_TEST_CASE(a_taken_port_is_named_with_what_to_do) {
    start();
    config.port = server->port();
    const auto second = try_start(*this);
    BOOST_REQUIRE(!second);
    BOOST_TEST((second.error().code == errc::conflict));
    BOOST_TEST(second.error().message.find(std::to_string(config.port))
               != std::string::npos);
    BOOST_TEST(!second.error().next_step.empty());
  }

  BOOST_AUTO_TEST_CASE(
    addresses_other_than_loopback_are_refused_with_the_reason) {
    for (const auto address : {"0.0.0.0", "192.168.1.1", "::"}) {
      config.address = address;
      const auto refused = try_start(*this);
      BOOST_REQUIRE(!refused);
      BOOST_TEST(refused.error().message.find("plain HTTP")
                 != std::string::npos);
    }
    config.address = "localhost"; // names are not looked up
    BOOST_TEST(!try_start(*this));
  }

  BOOST_AUTO_TEST_CASE(a_node_without_event_ports_does_not_serve) {
    functions.refuse_open = true;
    config.loops = 2;
    const auto refused = try_start(*this);
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
  }

  BOOST_AUTO_TEST_CASE(nonsense_in_the_configuration_is_refused) {
    config.loops = 0;
    BOOST_TEST(!try_start(*this));
    config.loops = 1;
    config.max_pending = 0;
    BOOST_TEST(!try_start(*this));
  }

  BOOST_AUTO_TEST_SUITE_END()
