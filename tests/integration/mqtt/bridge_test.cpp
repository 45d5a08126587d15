// Topics, functions and replies over the real mosquitto; the functions are
// lambdas behind a fake event port.
#include "tests/integration/mqtt/mosquitto.hpp"

#include "gateway/mqtt/service.hpp"
#include "tests/support/fake_event_port.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

using namespace faas;
using namespace faas::mqtt;
using namespace faas::test;

namespace {

/// Waits, bounded, for what another thread brings about.
class notebook {
public:
  void write(std::string line) {
    const auto guard = std::lock_guard{mutex_};
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }
  /// Waits until there are that many lines.
  std::vector<std::string> wait(size_t count) {
    auto guard = std::unique_lock{mutex_};
    BOOST_REQUIRE(
      changed_.wait_for(guard, 30s, [&] { return lines_.size() >= count; }));
    return lines_;
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

/// Broker, bridge with fake functions, and another client.
struct bridge_rig {
  mosquitto broker;
  fake_functions functions;
  notebook log;
  system_clock_source clock;
  bridge_options options;
  std::unique_ptr<mqtt_service> service;
  std::unique_ptr<mqtt_user> user;

  bridge_rig() {
    broker.start();
    options.retry = {10ms, 50ms, 1h};
  }

  function_view& add(const std::string& name, const std::string& topic,
                     fake_functions::handler run) {
    auto& view = functions.add(name, std::move(run));
    view.topics = {topic};
    return view;
  }
  /// Starts the bridge, then the user with these filters.
  void start(const std::vector<subscription>& wanted = {}) {
    start_service();
    user = std::make_unique<mqtt_user>(broker.port(), "user");
    user->on_message = [this](const delivery& message) {
      const auto text = message.payload.view();
      if (text.starts_with("knock") || text.starts_with("KNOCK"))
        user->got.pop_back(); // of knock(), possibly late
    };
    user->start(wanted);
    user->until([&] { return user->online(); });
  }
  void start_service() {
    options.broker.port = broker.port();
    options.broker.session.client_id = "petrel-test";
    options.broker.reconnect = {20ms, 200ms, 30s};
    options.refresh = 20ms;
    auto made = mqtt_service::start(
      options, {functions, clock, 7,
                [this](std::string line) { log.write(std::move(line)); }});
    BOOST_REQUIRE(static_cast<bool>(made));
    service = std::move(*made);
  }
  double count(const std::string& name) const {
    for (const auto& one : service->metrics().collect())
      if (one.name == "petrel_mqtt_" + name + "_total")
        return one.samples.at(0).value;
    BOOST_FAIL("no metric " + name);
    return 0;
  }
  /// Runs the user's loop until the counter has that value.
  void until_count(const std::string& name, double value) {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (count(name) < value) {
      user->loop.restart();
      user->loop.run_for(5ms);
      BOOST_REQUIRE(std::chrono::steady_clock::now() < give_up);
    }
  }
  /// The bridge has subscribed: a message reaches its function.
  void knock(const std::string& topic) {
    while (count("received") == 0) {
      user->publish(topic, "knock");
      user->loop.restart();
      user->loop.run_for(20ms);
    }
    until_count("acknowledged", count("received"));
  }
};

fake_functions::handler upper_case() {
  return [](invocation&& event, completion&& done, loop_context&) {
    std::string text{event.body.view()};
    for (auto& c : text)
      c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    done(text_reply(text + "@" + *find_header(event.headers, "X-Topic")));
  };
}

} // namespace

BOOST_AUTO_TEST_SUITE(bridge_test)

  BOOST_AUTO_TEST_CASE(message_runs_its_function_and_the_reply_is_published) {
    bridge_rig rig;
    rig.add("upper", "in/+", upper_case()).reply_topic = "out/{topic}";
    rig.start({{"out/#"}});
    rig.knock("in/knock");
    const auto before = rig.count("acknowledged");
    for (int i = 0; i < 300; ++i)
      rig.user->publish("in/" + std::to_string(i), "m" + std::to_string(i));
    rig.user->until([&] { return rig.user->got.size() >= 300; });
    rig.until_count("acknowledged", before + 300);
    for (size_t i = 0; i < 300; ++i) {
      const auto n = std::to_string(i);
      BOOST_TEST(rig.user->got[i].topic == "out/in/" + n);
      BOOST_TEST(rig.user->got[i].payload.view() == "M" + n + "@in/" + n);
    }
    rig.service->stop(10s);
    BOOST_TEST(rig.count("failed") == 0);
    BOOST_TEST(rig.count("delivered") == rig.count("received"));
    BOOST_TEST(rig.count("replies") == rig.count("received"));
  }

  BOOST_AUTO_TEST_CASE(answers_may_come_from_other_threads) {
    bridge_rig rig;
    std::mutex mutex;
    std::vector<std::thread> threads;
    rig
      .add("slow", "in",
           [&](invocation&& event, completion&& done, loop_context&) {
             const auto guard = std::lock_guard{mutex};
             threads.emplace_back(
               [body = event.body, done = std::move(done)]() mutable {
                 done(text_reply(std::string{body.view()}));
               });
           })
      .reply_topic
      = "out";
    rig.start({{"out"}});
    rig.knock("in");
    for (int i = 0; i < 50; ++i)
      rig.user->publish("in", std::to_string(i));
    rig.user->until([&] { return rig.user->got.size() >= 50; });
    rig.service->stop(10s);
    for (auto& thread : threads)
      thread.join();
  }

  BOOST_AUTO_TEST_CASE(overload_is_retried_until_it_passes) {
    bridge_rig rig;
    std::atomic<int> calls{0};
    std::set<call_id> ids;
    rig
      .add("busy", "in",
           [&](invocation&& event, completion&& done, loop_context&) {
             ids.insert(event.id);
             if (++calls % 4 != 0)
               return done(reply::failure({errc::overloaded, "full", ""}));
             done(text_reply(std::to_string(event.attempt)));
           })
      .reply_topic
      = "out";
    rig.start({{"out"}});
    rig.knock("in");
    rig.until_count("acknowledged", rig.count("received"));
    BOOST_TEST(rig.count("retries") >= 3);
    BOOST_TEST(rig.count("failed") == 0);
    rig.user->until([&] { return !rig.user->got.empty(); });
    BOOST_TEST(rig.user->got[0].payload.view() != "1");
    rig.service->stop(10s);
    BOOST_TEST(ids.size() == rig.count("received")); // one per message
  }

  BOOST_AUTO_TEST_CASE(hopeless_message_is_logged_counted_and_acknowledged) {
    bridge_rig rig;
    rig.options.max_attempts = 3;
    rig.add(
      "broken", "in", [](invocation&& event, completion&& done, loop_context&) {
        if (event.body.view() == "full")
          return done(reply::failure({errc::overloaded, "queue full", ""}));
        if (event.body.view() == "teapot")
          return done(text_reply("short and stout", 418));
        if (event.body.view() == "drop")
          return; // the completion answers "abandoned"
        done(reply::failure({errc::function_failed, "it threw", ""}));
      });
    rig.start();
    rig.knock("in");
    const auto failed = rig.count("failed");
    const auto lines = rig.log.wait(static_cast<size_t>(failed)).size();
    for (const auto* payload : {"full", "teapot", "drop", "throw"})
      rig.user->publish("in", payload);
    rig.until_count("failed", failed + 4);
    const auto log = rig.log.wait(lines + 4);
    std::string all;
    for (auto i = lines; i < log.size(); ++i)
      all += log[i] + "\n";
    for (const auto* part :
         {"queue full", "3 attempts", "418", "it threw", "dropped", "on in"})
      BOOST_TEST(all.find(part) != std::string::npos, part << " in " << all);
    rig.until_count("acknowledged", rig.count("received"));
  }

  BOOST_AUTO_TEST_CASE(own_replies_are_not_taken_for_messages) {
    bridge_rig rig;
    rig.add("echo", "a/#", upper_case()).reply_topic = "{topic}/reply";
    rig.start();
    rig.knock("a/x");
    BOOST_TEST(rig.count("failed") == rig.count("received"));
    BOOST_TEST(rig.count("replies") == 0);
  }

  BOOST_AUTO_TEST_CASE(unanswered_at_stop_goes_back_to_the_broker) {
    bridge_rig rig;
    std::mutex mutex;
    std::vector<completion> held;
    rig.add("stuck", "in",
            [&](invocation&& event, completion&& done, loop_context&) {
              if (event.body.view() == "knock")
                return done(text_reply(""));
              const auto guard = std::lock_guard{mutex};
              held.push_back(std::move(done));
            });
    rig.start();
    rig.knock("in");
    const auto before = rig.count("received");
    rig.user->publish("in", "precious");
    rig.until_count("received", before + 1);
    rig.service->stop(50ms);
    BOOST_TEST(rig.count("acknowledged") == before);
    BOOST_TEST(rig.count("failed") == 0);
    held.clear(); // far too late, no effect
    rig.service.reset();
    rig.start_service(); // the node is back
    rig.until_count("redelivered", 1);
    const auto guard = std::lock_guard{mutex};
    BOOST_TEST(held.size() == 1u);
  }

  BOOST_AUTO_TEST_CASE(broker_restart_in_the_middle_loses_no_service) {
    bridge_rig rig;
    rig.add("upper", "in", upper_case()).reply_topic = "out";
    rig.start({{"out"}});
    rig.knock("in");
    rig.broker.kill();
    rig.until_count("connection_losses", 1);
    rig.broker.start();
    rig.until_count("connects", 2);
    const auto before = rig.count("received");
    rig.user->until([&] { return rig.user->online(); });
    while (rig.count("received") == before) {
      rig.user->publish("in", "again");
      rig.user->loop.restart();
      rig.user->loop.run_for(20ms);
    }
    rig.until_count("acknowledged", rig.count("received"));
    BOOST_TEST(rig.count("failed") == 0);
  }

  BOOST_AUTO_TEST_CASE(answer_after_a_lost_connection_has_no_effect) {
    bridge_rig rig;
    std::mutex mutex;
    std::vector<completion> held;
    rig
      .add("slow", "in",
           [&](invocation&& event, completion&& done, loop_context&) {
             if (event.body.view() == "knock")
               return done(text_reply("KNOCK"));
             const auto guard = std::lock_guard{mutex};
             held.push_back(std::move(done));
           })
      .reply_topic
      = "out";
    rig.start({{"out"}});
    rig.knock("in");
    const auto before = rig.count("received");
    rig.user->publish("in", "x");
    rig.until_count("received", before + 1);
    rig.broker.kill();
    rig.until_count("connection_losses", 1);
    {
      const auto guard = std::lock_guard{mutex};
      held.at(0)(text_reply("too late"));
    }
    rig.until_count("voided", 1);
    rig.broker.start(); // it forgot the message: nothing comes again
    rig.until_count("connects", 2);
    rig.user->until([&] { return rig.user->online(); });
    rig.user->publish("out", "end");
    rig.user->until([&] { return !rig.user->got.empty(); });
    BOOST_TEST(rig.user->got[0].payload.view() == "end");
    BOOST_TEST(rig.count("acknowledged") == before);
    BOOST_TEST(rig.count("failed") == 0);
  }

  BOOST_AUTO_TEST_CASE(quality_0_left_at_stop_is_told) {
    bridge_rig rig;
    rig.options.level = qos::at_most_once;
    rig.options.retry = {1h, 1h, 1h};
    rig.add("busy", "in", [](invocation&&, completion&& done, loop_context&) {
      done(reply::failure({errc::overloaded, "full", ""}));
    });
    rig.start();
    while (rig.count("retries") == 0) {
      rig.user->publish("in", "x", qos::at_most_once);
      rig.user->loop.restart();
      rig.user->loop.run_for(20ms);
    }
    rig.service->stop(10s);
    BOOST_TEST(rig.count("failed") == rig.count("received"));
    BOOST_TEST(rig.log.wait(1)[0].find("QoS 0") != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(slow_function_does_not_hold_up_another) {
    bridge_rig rig;
    std::mutex mutex;
    std::vector<completion> held;
    rig.add("stuck", "in", [&](invocation&&, completion&& done, loop_context&) {
      const auto guard = std::lock_guard{mutex};
      held.push_back(std::move(done));
    });
    rig.add("upper", "in", upper_case()).reply_topic = "out";
    rig.options.broker.session.max_deliveries = 4;
    rig.start({{"out"}});
    while (rig.user->got.size() < 100) {
      rig.user->publish("in", "x");
      rig.user->loop.restart();
      rig.user->loop.run_for(1ms);
    }
    const auto guard = std::lock_guard{mutex};
    BOOST_TEST(held.size() <= 4u);
  }

  BOOST_AUTO_TEST_CASE(refused_port_and_options_are_errors) {
    fake_functions functions;
    system_clock_source clock;
    bridge_options options;
    const auto code = [&] {
      const auto made = mqtt_service::start(options, {functions, clock, 1, {}});
      return made ? errc::ok : made.error().code;
    };
    BOOST_TEST((code() == errc::invalid_argument)); // no client id
    options.broker.session.client_id = "x";
    functions.refuse_open = true;
    BOOST_TEST((code() == errc::unavailable));
    functions.refuse_open = false;
    options.level = qos::exactly_once;
    BOOST_TEST((code() == errc::invalid_argument));
  }

  BOOST_AUTO_TEST_SUITE_END()
