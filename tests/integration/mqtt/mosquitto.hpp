// A real broker, and a client under test with its handlers' results.
#pragma once

#include "gateway/mqtt/client.hpp"
#include "tests/integration/mqtt/child.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <set>

namespace faas::test {

using namespace std::chrono_literals;

/// mosquitto on a free port of loopback, with its files in a folder of its
/// own. Queues are unbounded, so that what is lost was lost by us.
class mosquitto {
public:
  /// `more`: further lines of configuration.
  explicit mosquitto(std::string more = {}) : more_(std::move(more)) {
    char name[] = "/tmp/petrel-mqtt-XXXXXX";
    BOOST_REQUIRE(::mkdtemp(name) != nullptr);
    folder_ = name;
  }
  ~mosquitto() {
    process_.reset();
    std::filesystem::remove_all(folder_);
  }

  uint16_t port() const { return port_; }

  /// Returns when it serves. Keeps the port over a restart; the first time it
  /// takes another one when somebody was faster.
  void start() {
    for (int attempt = 0; attempt < 10; ++attempt) {
      if (port_ == 0 || !restarted_)
        port_ = free_port();
      if (try_start()) {
        restarted_ = true;
        return;
      }
    }
    BOOST_FAIL("mosquitto does not start");
  }
  void kill() { process_.reset(); }

private:
  static uint16_t free_port() {
    boost::asio::io_context loop;
    using tcp = boost::asio::ip::tcp;
    return tcp::acceptor{loop, {boost::asio::ip::address_v4::loopback(), 0}}
      .local_endpoint()
      .port();
  }
  bool try_start() {
    std::ofstream{folder_ / "broker.conf"}
      << "user root\nallow_anonymous true\npersistence false\n"
      << "max_queued_messages 0\nlog_type error\nlog_type information\n"
      << "connection_messages false\nlog_dest stderr\n"
      << more_ << "\nlistener " << port_ << " 127.0.0.1\n";
    process_ = std::make_unique<child>(std::vector<std::string>{
      program(), "-c", (folder_ / "broker.conf").string()});
    for (auto line = process_->line(); !line.empty(); line = process_->line())
      if (line.find(" running") != std::string::npos)
        return true;
    process_.reset();
    return false;
  }
  static std::string program() {
    const char* usual = "/usr/sbin/mosquitto"; // not always in PATH
    return std::filesystem::exists(usual) ? usual : "mosquitto";
  }

  std::string more_;
  std::filesystem::path folder_;
  uint16_t port_ = 0;
  bool restarted_ = false;
  std::unique_ptr<child> process_;
};

/// A client on a loop of its own that is run by the test.
class mqtt_user {
public:
  explicit mqtt_user(uint16_t port, const std::string& id) {
    options.port = port;
    options.session.client_id = id;
    options.reconnect = {20ms, 200ms, 30s};
  }

  mqtt::client_options options;
  bool acknowledge_all = true;
  std::function<void(const mqtt::delivery&)> on_message; ///< after recording
  std::vector<mqtt::delivery> got;
  std::map<std::string, std::optional<mqtt::qos>> granted; ///< latest answers
  size_t answers = 0;
  std::set<mqtt::publish_id> published;
  random_source random{42};
  boost::asio::io_context loop; ///< outlives the client
  std::unique_ptr<mqtt::client> client;

  /// Makes and starts the client with these filters.
  void start(const std::vector<mqtt::subscription>& wanted = {}) {
    mqtt::client_handlers handlers;
    handlers.on_message = [this](mqtt::delivery message) {
      got.push_back(message);
      if (acknowledge_all)
        client->acknowledge(message.id);
      if (on_message)
        on_message(message);
    };
    handlers.on_subscribed = [this](const std::string& filter, auto level) {
      granted[filter] = level;
      ++answers;
    };
    handlers.on_published
      = [this](mqtt::publish_id id) { published.insert(id); };
    BOOST_REQUIRE(validate(options));
    client = std::make_unique<mqtt::client>(loop, options, handlers, random);
    BOOST_REQUIRE(client->subscribe(wanted));
    client->start();
    if (!wanted.empty())
      until([&] { return granted.size() == wanted.size(); });
  }

  /// Runs the loop until the condition holds; fails after 30 s.
  template <class Condition>
  void until(Condition holds) {
    const auto give_up = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
      loop.restart();
      loop.run_one_until(give_up);
      BOOST_REQUIRE(std::chrono::steady_clock::now() < give_up);
    }
  }
  bool online() const {
    return client->status().state == mqtt::client_state::online;
  }
  mqtt::publish_id publish(const std::string& topic, std::string payload,
                           mqtt::qos level = mqtt::qos::at_least_once) {
    auto id = client->publish({topic, std::move(payload), level});
    BOOST_REQUIRE(static_cast<bool>(id));
    return *id;
  }
  void stop() {
    bool stopped = false;
    client->stop(10s, [&] { stopped = true; });
    until([&] { return stopped; });
  }
};

} // namespace faas::test
