// A gateway with fakes on both sides, on a free port.
#pragma once

#include "gateway/http/server.hpp"
#include "tests/support/fake_admin_port.hpp"
#include "tests/support/fake_bundle_store.hpp"
#include "tests/support/fake_event_port.hpp"
#include "tests/support/http_client.hpp"

#include <boost/test/unit_test.hpp>

#include <condition_variable>
#include <mutex>

namespace faas::test {

/// Completions that a test answers when it likes.
class held_events {
public:
  void hold(invocation&& event, completion&& done) {
    const auto guard = std::lock_guard{mutex_};
    events_.push_back(std::move(event));
    completions_.push_back(std::move(done));
    changed_.notify_all();
  }
  /// Waits until n events are held; false after 10 s.
  bool wait(size_t n) {
    auto guard = std::unique_lock{mutex_};
    return changed_.wait_for(guard, std::chrono::seconds{10},
                             [&] { return completions_.size() >= n; });
  }
  completion take(size_t i) {
    const auto guard = std::lock_guard{mutex_};
    return std::move(completions_[i]);
  }
  bool wanted(size_t i) {
    const auto guard = std::lock_guard{mutex_};
    return completions_[i].wanted();
  }
  invocation event(size_t i) {
    const auto guard = std::lock_guard{mutex_};
    return events_[i];
  }
  void drop_all() {
    auto dropped = std::vector<completion>{};
    const auto guard = std::lock_guard{mutex_};
    dropped.swap(completions_);
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<invocation> events_;
  std::vector<completion> completions_;
};

/// Repeats a look until it is true; false after 10 s.
template <class F>
bool eventually(F&& look) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!look()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    std::this_thread::yield();
  }
  return true;
}

struct server_fixture {
  // Before the server: completions held here may answer while it stops.
  held_events held;
  fake_functions functions;
  fake_admin_port admin;
  fake_bundle_store bundles;
  system_clock_source clock;
  http::server_config config;
  std::unique_ptr<http::http_server> server;

  server_fixture() {
    config.port = 0;
    functions.add("hello", [](invocation&&, completion&& done, loop_context&) {
      done(text_reply("hello\n"));
    });
    functions.add("echo",
                  [](invocation&& event, completion&& done, loop_context&) {
                    auto answer = text_reply({});
                    answer.content_type = event.content_type;
                    answer.body = event.body;
                    answer.headers = {{"X-Method", event.method},
                                      {"X-Path", event.path},
                                      {"X-Query", event.query}};
                    done(std::move(answer));
                  });
    functions.add("held",
                  [this](invocation&& event, completion&& done, loop_context&) {
                    held.hold(std::move(event), std::move(done));
                  });
    functions
      .add("small", [](invocation&&, completion&& done,
                       loop_context&) { done(text_reply("ok")); })
      .max_body_bytes
      = 10;
  }
  ~server_fixture() {
    if (server)
      server->stop({});
  }

  void start() {
    auto made = http::http_server::start(
      config, {functions,
               admin,
               bundles,
               clock,
               [](std::string_view token) { return token == "secret"; },
               {}});
    BOOST_REQUIRE_MESSAGE(bool(made),
                          (made ? std::string{} : made.error().to_string()));
    server = std::move(*made);
  }
  http_client connect() { return http_client{server->port()}; }

  static constexpr std::string_view bearer = "Authorization: Bearer secret\r\n";
  http_answer admin_call(std::string_view method, std::string_view target,
                         std::string_view body = {}) {
    auto client = connect();
    return client.request(method, target, body, bearer);
  }
  /// Value of a metric line that begins with `prefix`; -1 when absent.
  double metric(const std::string& prefix) {
    auto client = connect();
    const auto text = "\n" + client.request("GET", "/metrics").body;
    const auto at = text.find("\n" + prefix);
    if (at == std::string::npos)
      return -1;
    const auto end = text.find('\n', at + 1);
    const auto line = text.substr(at + 1, end - at - 1);
    return std::stod(line.substr(line.rfind(' ') + 1));
  }
};

} // namespace faas::test
