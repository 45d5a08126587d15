// Functions come, change and go while the bridge runs.
#include "tests/integration/mqtt/mosquitto.hpp"

#include "gateway/mqtt/bridge.hpp"
#include "libfaas/ports/event_port.hpp"

#include <boost/asio/post.hpp>

using namespace faas;
using namespace faas::mqtt;
using namespace faas::test;

namespace {

/// One thread: bridge, port and user share the user's loop.
class same_loop final : public loop_context {
public:
  explicit same_loop(boost::asio::io_context& loop) : loop_(loop) {}
  bool post(std::function<void()> task) override {
    boost::asio::post(loop_, std::move(task));
    return true;
  }
  bool in_loop() const noexcept override { return true; }
  duration lag() const noexcept override { return {}; }

private:
  boost::asio::io_context& loop_;
};

/// Functions that answer at once and note what they got.
class changing_port final : public event_port {
public:
  std::map<std::string, function_view> all;
  uint64_t version = 1;
  std::vector<std::string> ran; ///< "function topic payload"

  void deploy(const std::string& name, std::vector<std::string> topics) {
    auto& view = all[name];
    view.name = function_name{name};
    view.timeout = 10s;
    view.max_body_bytes = 1000;
    view.topics = std::move(topics);
    ++version;
  }
  void remove(const std::string& name) {
    all.erase(name);
    ++version;
  }

  const function_view* find(std::string_view name) override {
    const auto at = all.find(std::string{name});
    return at == all.end() ? nullptr : &at->second;
  }
  std::vector<const function_view*> functions() override {
    std::vector<const function_view*> views;
    for (const auto& [name, view] : all)
      views.push_back(&view);
    return views;
  }
  uint64_t structure_version() const noexcept override { return version; }
  void submit(invocation&& event, completion&& done) override {
    ran.push_back(event.function.str() + " "
                  + *find_header(event.headers, "X-Topic") + " "
                  + std::string{event.body.view()});
    done(reply{});
  }
};

struct change_rig {
  change_rig() : user(start(broker), "user"), context(user.loop) {
    options.broker.port = broker.port();
    options.broker.session.client_id = "node";
    options.broker.reconnect = {20ms, 200ms, 30s};
    options.refresh = 5ms;
    user.start();
    user.until([&] { return user.online(); });
  }
  void start_bridge() {
    made = std::make_unique<bridge>(
      options, bridge::dependencies{
                 user.loop, context, port, clock, user.random,
                 [this](std::string line) { log.push_back(std::move(line)); }});
    made->start();
  }
  static uint16_t start(mosquitto& broker) {
    broker.start();
    return broker.port();
  }
  bool ran(const std::string& line) const {
    return std::find(port.ran.begin(), port.ran.end(), line) != port.ran.end();
  }
  /// Publishes until the function has run: the subscription is there.
  void knock(const std::string& function, const std::string& topic) {
    const auto line = function + " " + topic + " knock";
    while (!ran(line)) {
      user.publish(topic, "knock");
      user.loop.restart();
      user.loop.run_for(5ms);
    }
    user.until([&] { return user.client->status().outbound == 0; });
  }
  size_t sessions() const { return made->sessions().size(); }

  mosquitto broker;
  mqtt_user user;
  same_loop context;
  system_clock_source clock;
  changing_port port;
  bridge_options options;
  std::vector<std::string> log;
  std::unique_ptr<bridge> made;
};

} // namespace

BOOST_AUTO_TEST_SUITE(topics_change_test)

  BOOST_AUTO_TEST_CASE(functions_are_followed) {
    change_rig rig;
    rig.port.deploy("first", {"a/+"});
    rig.port.deploy("mute", {});
    rig.start_bridge();
    rig.knock("first", "a/1");
    BOOST_TEST(rig.sessions() == 1u);

    rig.port.deploy("second", {"a/#", "b"}); // a new one, same topics
    rig.knock("second", "b");
    rig.port.ran.clear();
    rig.user.publish("a/1", "both");
    rig.user.until(
      [&] { return rig.ran("first a/1 both") && rig.ran("second a/1 both"); });

    rig.port.deploy("first", {"c"}); // other topics
    rig.knock("first", "c");
    rig.port.ran.clear();
    rig.user.publish("a/1", "second only");
    rig.user.publish("c", "end");
    rig.user.until([&] {
      return rig.ran("first c end") && rig.ran("second a/1 second only");
    });
    BOOST_TEST(!rig.ran("first a/1 second only"));

    rig.port.remove("second");
    rig.user.until([&] { return rig.sessions() == 1; });
    rig.port.ran.clear();
    rig.user.publish("b", "nobody");
    rig.user.publish("c", "end");
    rig.user.until([&] { return rig.ran("first c end"); });
    BOOST_TEST(!rig.ran("second b nobody"));
  }

  BOOST_AUTO_TEST_CASE(removed_function_gets_nothing_old_when_it_comes_back) {
    change_rig rig;
    rig.port.deploy("f", {"t"});
    rig.start_bridge();
    rig.knock("f", "t");
    rig.port.remove("f");
    rig.user.until([&] { return rig.sessions() == 0; });
    rig.user.publish("t", "in between");
    rig.user.until([&] { return rig.user.client->status().outbound == 0; });
    rig.port.deploy("f", {"t"});
    rig.port.ran.clear();
    rig.knock("f", "t");
    BOOST_TEST(!rig.ran("f t in between"));
  }

  BOOST_AUTO_TEST_CASE(function_redeployed_at_once_is_served_again) {
    change_rig rig;
    rig.port.deploy("f", {"t"});
    rig.start_bridge();
    rig.knock("f", "t");
    rig.port.remove("f");
    rig.user.until([&] { // its former self is leaving the broker
      const auto all = rig.made->sessions();
      return all.empty() || all[0].client.state == client_state::stopping
             || all[0].client.state == client_state::stopped;
    });
    rig.port.deploy("f", {"t"});
    rig.port.ran.clear();
    rig.knock("f", "t");
    BOOST_TEST(rig.made->counters().lost == 0u); // no fight for the client id
  }

  BOOST_AUTO_TEST_CASE(functions_over_the_limit_are_told_and_wait) {
    change_rig rig;
    rig.options.max_functions = 1;
    rig.port.deploy("f", {"t"});
    rig.port.deploy("g", {"t"});
    rig.start_bridge();
    rig.knock("f", "t");
    BOOST_REQUIRE_EQUAL(rig.log.size(), 1u);
    BOOST_TEST(rig.log[0].find("function g: not subscribed")
               != std::string::npos);
    rig.port.remove("f");
    rig.knock("g", "t");
  }

  BOOST_AUTO_TEST_CASE(bridge_may_be_destroyed_at_any_time) {
    for (int turns = 0; turns < 16; ++turns) {
      change_rig rig;
      rig.port.deploy("f", {"t"});
      rig.start_bridge();
      if (turns % 2 != 0)
        rig.knock("f", "t");
      rig.user.publish("t", "x");
      for (int i = 0; i < turns; ++i) {
        rig.user.loop.restart();
        rig.user.loop.run_one_for(1ms);
      }
      rig.made.reset();
      rig.user.loop.restart();
      rig.user.loop.run_for(1ms);
    }
  }

  BOOST_AUTO_TEST_SUITE_END()
