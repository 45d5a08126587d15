// The client against the real mosquitto.
#include "tests/integration/mqtt/mosquitto.hpp"

#include <algorithm>
#include <cstdlib>

using namespace faas;
using namespace faas::mqtt;
using namespace faas::test;

namespace {

std::vector<std::string> tool(const char* name, const mosquitto& broker) {
  return {name, "-h", "127.0.0.1", "-p", std::to_string(broker.port())};
}

std::vector<std::string> operator+(std::vector<std::string> left,
                                   std::vector<std::string> right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

std::string subscriber_program() {
  const char* build = std::getenv("PETREL_BUILD");
  return std::string{build ? build : "build"} + "/bin/mqtt_subscriber";
}

} // namespace

BOOST_AUTO_TEST_SUITE(client_test)

  BOOST_AUTO_TEST_CASE(thousand_messages_of_another_client_arrive_once_each) {
    mosquitto broker;
    broker.start();
    mqtt_user user{broker.port(), "many"};
    user.acknowledge_all = false;
    random_source random{5};
    std::vector<delivery_id> held;
    user.on_message = [&](const delivery& message) {
      held.push_back(message.id);
      if (held.size() <= random.below(15))
        return;
      while (!held.empty()) { // acknowledged in any order
        const auto at
          = held.begin() + static_cast<ptrdiff_t>(random.below(held.size()));
        BOOST_TEST(user.client->acknowledge(*at));
        held.erase(at);
      }
    };
    user.start({{"load/#"}});
    child source{tool("mosquitto_pub", broker)
                 + std::vector<std::string>{"-t", "load/x", "-q", "1", "-l"}};
    for (int i = 0; i < 1000; ++i)
      source.write(std::to_string(i) + "\n");
    source.close_input();
    user.until([&] { return user.got.size() >= 1000; });
    for (const auto id : held)
      BOOST_TEST(user.client->acknowledge(id));
    for (size_t i = 0; i < 1000; ++i) {
      BOOST_REQUIRE_EQUAL(user.got[i].payload.view(), std::to_string(i));
      BOOST_REQUIRE(!user.got[i].dup);
    }
    BOOST_TEST(source.wait() == 0);
    user.stop();
    // Nothing is left at the broker.
    mqtt_user again{broker.port(), "many"};
    again.start({{"load/#"}});
    BOOST_TEST(again.client->status().session_present);
    again.publish("load/end", "end");
    again.until([&] { return !again.got.empty(); });
    BOOST_TEST(again.got[0].payload.view() == "end");
  }

  BOOST_AUTO_TEST_CASE(thousand_publishes_reach_another_client) {
    mosquitto broker;
    broker.start();
    child sink{tool("mosquitto_sub", broker)
               + std::vector<std::string>{"-t", "out", "-q", "1", "-R"}};
    mqtt_user user{broker.port(), "source"};
    user.options.session.max_outbound = 50;
    user.start();
    // mosquitto_sub does not say when it has subscribed: knock until it hears.
    while (!sink.ready(20ms)) {
      user.publish("out", "hello");
      user.until([&] { return user.client->status().outbound == 0; });
    }
    size_t sent = 0;
    while (sent < 1000) {
      const auto id = user.client->publish({"out", std::to_string(sent)});
      if (id) {
        ++sent;
        continue;
      }
      BOOST_REQUIRE((id.error().code == errc::overloaded));
      user.until([&] { return user.client->status().outbound < 50; });
    }
    user.until([&] { return user.client->status().outbound == 0; });
    BOOST_TEST(user.published.size() >= 1000u);
    for (size_t i = 0; i < 1000;) {
      const auto line = sink.line();
      if (line == "hello")
        continue;
      BOOST_REQUIRE_EQUAL(line, std::to_string(i));
      ++i;
    }
  }

  BOOST_AUTO_TEST_CASE(topics_and_wildcards_choose_the_messages) {
    mosquitto broker;
    broker.start();
    mqtt_user user{broker.port(), "wild"};
    user.start(
      {{"cam/+/image", qos::at_least_once}, {"meter/#", qos::at_most_once}});
    BOOST_TEST((user.granted["cam/+/image"] == qos::at_least_once));
    BOOST_TEST((user.granted["meter/#"] == qos::at_most_once));
    for (const auto* topic : {"cam/1/image", "cam/1/status", "cam/1/2/image",
                              "meter", "meter/a/b", "other", "cam/2/image"})
      user.publish(topic, topic);
    user.until([&] { return user.got.size() == 4; });
    user.stop();
    std::vector<std::string> topics;
    for (const auto& one : user.got) {
      BOOST_TEST(one.payload.view() == one.topic);
      BOOST_TEST(
        (one.qos
         == (one.topic[0] == 'c' ? qos::at_least_once : qos::at_most_once)));
      topics.push_back(one.topic);
    }
    BOOST_TEST((topics
                == std::vector<std::string>{"cam/1/image", "meter", "meter/a/b",
                                            "cam/2/image"}));
  }

  BOOST_AUTO_TEST_CASE(killed_before_acknowledging_gets_it_again_with_dup) {
    mosquitto broker;
    broker.start();
    child victim{{subscriber_program(), std::to_string(broker.port()), "victim",
                  "jobs/#"}};
    BOOST_REQUIRE_EQUAL(victim.line(), "ready");
    mqtt_user source{broker.port(), "source"};
    source.start();
    source.publish("jobs/1", "a");
    source.publish("jobs/2", "b");
    source.until([&] { return source.published.size() == 2; });
    BOOST_TEST(victim.line() == "jobs/1 a new");
    BOOST_TEST(victim.line() == "jobs/2 b new");
    victim.kill();
    mqtt_user heir{broker.port(), "victim"};
    heir.start({{"jobs/#"}});
    heir.until([&] { return heir.got.size() == 2; });
    BOOST_TEST(heir.client->status().session_present);
    BOOST_TEST((heir.got[0].payload.view() == "a" && heir.got[0].dup));
    BOOST_TEST((heir.got[1].payload.view() == "b" && heir.got[1].dup));
    heir.stop(); // acknowledged: they do not come a third time
    mqtt_user last{broker.port(), "victim"};
    last.start({{"jobs/#"}});
    last.publish("jobs/3", "c");
    last.until([&] { return !last.got.empty(); });
    BOOST_TEST(last.got[0].payload.view() == "c");
  }

  BOOST_AUTO_TEST_CASE(killed_broker_is_found_again_and_resubscribed) {
    mosquitto broker;
    broker.start();
    mqtt_user user{broker.port(), "patient"};
    user.start({{"a/#"}, {"b"}});
    broker.kill();
    user.until(
      [&] { return user.client->status().state == client_state::waiting; });
    BOOST_REQUIRE(user.client->status().last_error);
    BOOST_TEST((user.client->status().last_error->code == errc::unavailable));
    const auto kept = user.publish("b", "written while the broker was away");
    const auto refused = user.client->publish({"b", "x", qos::at_most_once});
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    user.answers = 0;
    broker.start();
    user.until([&] { return user.answers == 2 && user.got.size() == 1; });
    BOOST_TEST(user.client->status().connects == 2u);
    BOOST_TEST(!user.client->status().session_present);
    BOOST_TEST(user.got[0].payload.view()
               == "written while the broker was away");
    user.until([&] { return user.published.contains(kept); });
  }

  BOOST_AUTO_TEST_CASE(client_started_before_its_broker_connects_later) {
    mosquitto broker;
    broker.start();
    broker.kill();
    mqtt_user user{broker.port(), "early"};
    user.start();
    user.until(
      [&] { return user.client->status().state == client_state::waiting; });
    broker.start();
    user.until([&] { return user.online(); });
  }

  BOOST_AUTO_TEST_CASE(unacknowledged_messages_stop_the_reading) {
    mosquitto broker;
    broker.start();
    mqtt_user user{broker.port(), "slow"};
    user.acknowledge_all = false;
    user.options.session.max_deliveries = 5;
    user.start({{"flood", qos::at_most_once}});
    mqtt_user source{broker.port(), "source"};
    source.start();
    source.until([&] { return source.online(); });
    for (int i = 0; i < 200; ++i)
      source.publish("flood", std::to_string(i), qos::at_most_once);
    source.publish("done", "");
    source.until([&] { return source.published.size() == 1; });
    for (size_t i = 0; i < 200; ++i) {
      user.until([&] { return user.got.size() > i; });
      BOOST_REQUIRE(user.got.size() <= i + 5);
      BOOST_REQUIRE_EQUAL(user.got[i].payload.view(), std::to_string(i));
      BOOST_REQUIRE(user.client->acknowledge(user.got[i].id));
    }
  }

  BOOST_AUTO_TEST_CASE(stop_waits_for_publishes_and_leaves_the_rest) {
    mosquitto broker;
    broker.start();
    mqtt_user user{broker.port(), "leaver"};
    user.acknowledge_all = false;
    user.start({{"in"}});
    user.publish("in", "not acknowledged");
    user.until([&] { return user.got.size() == 1; });
    for (int i = 0; i < 20; ++i)
      user.publish("elsewhere", std::string(50'000, 'x'));
    user.stop();
    BOOST_TEST(user.published.size() == 21u);
    BOOST_TEST((user.client->status().state == client_state::stopped));
    const auto late = user.client->publish({"in", "late"});
    BOOST_REQUIRE(!late);
    BOOST_TEST((late.error().code == errc::shutting_down));
    mqtt_user again{broker.port(), "leaver"};
    again.start({{"in"}});
    again.until([&] { return again.got.size() == 1; });
    BOOST_TEST(again.got[0].payload.view() == "not acknowledged");
    BOOST_TEST(again.got[0].dup);
  }

  BOOST_AUTO_TEST_CASE(stop_ends_within_its_grace_without_a_broker) {
    mqtt_user user{1, "alone"}; // nobody listens on port 1
    user.start();
    user.publish("t", "never sent");
    user.stop();
    BOOST_TEST((user.client->status().state == client_state::stopped));
    BOOST_TEST(user.client->status().outbound == 1u);
  }

  BOOST_AUTO_TEST_CASE(refused_credentials_are_told) {
    mosquitto strict{"allow_anonymous false\n"};
    strict.start();
    mqtt_user stranger{strict.port(), "stranger"};
    stranger.start();
    stranger.until(
      [&] { return stranger.client->status().last_error.has_value(); });
    BOOST_TEST(
      (stranger.client->status().last_error->code == errc::unauthorized));
    BOOST_TEST(stranger.client->status().connects == 0u);
  }

  BOOST_AUTO_TEST_CASE(silent_server_is_given_up_and_tried_again) {
    mqtt_user user{0, "lonely"};
    using tcp = boost::asio::ip::tcp;
    tcp::acceptor silent{user.loop,
                         {boost::asio::ip::address_v4::loopback(), 0}};
    user.options.port = silent.local_endpoint().port();
    user.options.session.response_timeout = 50ms;
    std::vector<tcp::socket> visits;
    std::function<void()> accept = [&] {
      silent.async_accept([&](auto failure, tcp::socket socket) {
        if (failure)
          return;
        visits.push_back(std::move(socket));
        accept();
      });
    };
    accept();
    user.start();
    user.until([&] { return visits.size() == 3; });
    BOOST_TEST((user.client->status().last_error->code == errc::unavailable));
    BOOST_TEST(user.client->status().connects == 0u);
  }

  BOOST_AUTO_TEST_CASE(client_may_be_destroyed_in_its_own_handler) {
    mosquitto broker;
    broker.start();
    mqtt_user user{broker.port(), "brief"};
    user.acknowledge_all = false;
    user.on_message = [&](const delivery&) { user.client.reset(); };
    user.start({{"t"}});
    user.publish("t", "1");
    user.publish("t", "2");
    user.until([&] { return !user.client; });
    BOOST_TEST(user.got.size() == 1u);
    user.loop.restart();
    user.loop.run(); // nothing keeps the loop busy
  }

  BOOST_AUTO_TEST_SUITE_END()
