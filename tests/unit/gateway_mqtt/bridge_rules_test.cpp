#include "gateway/mqtt/bridge_rules.hpp"

#include "libfaas/core/random.hpp"
#include "libfaas/ports/event_port.hpp"

#include <boost/test/unit_test.hpp>

using namespace faas;
using namespace faas::mqtt;
using namespace std::chrono_literals;

namespace {

function_view classify() {
  function_view view;
  view.name = function_name{"classify"};
  view.timeout = 7s;
  view.max_body_bytes = 100;
  view.topics = {"cam/+"};
  return view;
}

delivery image() {
  delivery message;
  message.id = 1;
  message.topic = "cam/7";
  message.payload = blob{"pixels"};
  message.qos = qos::at_least_once;
  return message;
}

reply failed(errc code, bool started = false) {
  auto answer = reply::failure({code, "x", ""});
  answer.started = started;
  return answer;
}

} // namespace

BOOST_AUTO_TEST_SUITE(bridge_rules_test)

  BOOST_AUTO_TEST_CASE(event_carries_payload_and_topic) {
    random_source random{1};
    const time_point now{1h};
    const auto event = make_event(classify(), image(), now, random);
    BOOST_REQUIRE(static_cast<bool>(event));
    BOOST_TEST(event->function.str() == "classify");
    BOOST_TEST(event->body.view() == "pixels");
    BOOST_TEST(*find_header(event->headers, "x-topic") == "cam/7");
    BOOST_TEST(*find_header(event->headers, "x-mqtt-topic") == "cam/7");
    BOOST_TEST(!find_header(event->headers, "x-mqtt-dup"));
    BOOST_TEST(!find_header(event->headers, "x-mqtt-retain"));
    BOOST_TEST((event->source == trigger::mqtt));
    BOOST_TEST((event->deadline == now + 7s));
    BOOST_TEST(event->size == 6);
    BOOST_TEST((event->id != call_id{}));
  }

  BOOST_AUTO_TEST_CASE(event_tells_repeated_and_retained_messages) {
    random_source random{1};
    auto message = image();
    message.dup = message.retain = true;
    const auto event = make_event(classify(), message, {}, random);
    BOOST_TEST(*find_header(event->headers, "x-mqtt-dup") == "1");
    BOOST_TEST(*find_header(event->headers, "x-mqtt-retain") == "1");
  }

  BOOST_AUTO_TEST_CASE(body_over_the_functions_limit_is_refused) {
    random_source random{1};
    auto message = image();
    message.payload = blob{std::string(101, 'x')};
    const auto event = make_event(classify(), message, {}, random);
    BOOST_REQUIRE(!event);
    BOOST_TEST((event.error().code == errc::too_large));
  }

  BOOST_AUTO_TEST_CASE(answers_of_the_function_are_final) {
    const attempt_state state{false, false, 1, 5};
    BOOST_TEST((judge(reply{}, state) == verdict::done));
    reply own_error;
    own_error.status = 503;
    BOOST_TEST((judge(own_error, state) == verdict::done));
    BOOST_TEST(
      (judge(failed(errc::function_failed, true), state) == verdict::give_up));
  }

  BOOST_AUTO_TEST_CASE(what_never_ran_is_retried) {
    const attempt_state state{false, false, 1, 5};
    for (const auto code : {errc::overloaded, errc::unavailable,
                            errc::shutting_down, errc::abandoned}) {
      BOOST_TEST((judge(failed(code), state) == verdict::retry));
      BOOST_TEST((judge(failed(code, true), state) == verdict::give_up));
    }
    for (const auto code : {errc::not_found, errc::quarantined, errc::too_large,
                            errc::bad_bundle, errc::internal})
      BOOST_TEST((judge(failed(code), state) == verdict::give_up));
  }

  BOOST_AUTO_TEST_CASE(what_may_have_run_is_retried_if_idempotent) {
    for (const auto code :
         {errc::outcome_unknown, errc::deadline_exceeded, errc::abandoned}) {
      BOOST_TEST(
        (judge(failed(code, true), {false, false, 1, 5}) == verdict::give_up));
      BOOST_TEST(
        (judge(failed(code, true), {true, false, 1, 5}) == verdict::retry));
    }
    BOOST_TEST((judge(failed(errc::outcome_unknown), {false, false, 1, 5})
                == verdict::give_up));
  }

  BOOST_AUTO_TEST_CASE(retries_are_bounded) {
    BOOST_TEST((judge(failed(errc::overloaded), {false, false, 4, 5})
                == verdict::retry));
    BOOST_TEST((judge(failed(errc::overloaded), {false, false, 5, 5})
                == verdict::give_up));
  }

  BOOST_AUTO_TEST_CASE(stopping_node_leaves_failures_to_the_broker) {
    const attempt_state stopping{false, true, 1, 5};
    BOOST_TEST(
      (judge(failed(errc::shutting_down), stopping) == verdict::leave));
    BOOST_TEST(
      (judge(failed(errc::function_failed, true), stopping) == verdict::leave));
    BOOST_TEST((judge(reply{}, stopping) == verdict::done));
  }

  BOOST_AUTO_TEST_CASE(reply_topic_is_expanded) {
    auto view = classify();
    const auto topic = [&](bool by_default = false) {
      const auto found = reply_topic_for(view, "cam/7", by_default);
      BOOST_REQUIRE(static_cast<bool>(found));
      return found->value_or("none");
    };
    BOOST_TEST(topic() == "none");
    BOOST_TEST(topic(true) == "cam/7/reply");
    view.reply_topic = "labels";
    BOOST_TEST(topic(true) == "labels");
    view.reply_topic = "out/{topic}/x/{topic}";
    BOOST_TEST(topic() == "out/cam/7/x/cam/7");
  }

  BOOST_AUTO_TEST_CASE(placeholder_in_the_topic_itself_is_not_expanded) {
    auto view = classify();
    view.reply_topic = "out/{topic}";
    const auto found = reply_topic_for(view, "{topic}", false);
    BOOST_REQUIRE(static_cast<bool>(found));
    BOOST_TEST(found->value() == "out/{topic}");
  }

  BOOST_AUTO_TEST_CASE(function_is_not_fed_its_own_replies) {
    auto view = classify();
    view.topics = {"x", "cam/#"};
    for (const auto* bad : {"cam/labels", "{topic}/labels", "x", "a/+", ""}) {
      view.reply_topic = bad;
      const auto found = reply_topic_for(view, "cam/7", true);
      BOOST_REQUIRE_MESSAGE(!found, bad);
      BOOST_TEST((found.error().code == errc::invalid_argument));
    }
  }

  BOOST_AUTO_TEST_CASE(changed_topics_are_compared) {
    const auto change = compare({"a", "b", "c"}, {"c", "d", "a"});
    BOOST_TEST((change.added == std::vector<std::string>{"d"}));
    BOOST_TEST((change.removed == std::vector<std::string>{"b"}));
    const auto none = compare({"a"}, {"a"});
    BOOST_TEST((none.added.empty() && none.removed.empty()));
  }

  BOOST_AUTO_TEST_SUITE_END()
