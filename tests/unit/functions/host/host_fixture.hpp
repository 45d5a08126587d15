// A node's hosts with scripted functions.
#pragma once

#include "functions/host/node_hosts.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/scripted_runtime.hpp"

#include <boost/test/unit_test.hpp>

#include <mutex>
#include <thread>

namespace faas::test {

using namespace std::chrono_literals;

inline reply text_reply(std::string text) {
  reply answer;
  answer.body = blob{std::move(text)};
  return answer;
}

/// A door that calls wait at until the test opens it. A call may still be
/// leaving when the door itself is gone.
class door {
public:
  ~door() { open(); }
  void open() {
    const std::lock_guard lock{state_->mutex};
    state_->is_open = true;
    state_->changed.notify_all();
  }
  void pass() {
    const auto state = state_;
    std::unique_lock lock{state->mutex};
    ++state->inside;
    state->changed.notify_all();
    state->changed.wait(lock, [&] { return state->is_open; });
  }
  /// Waits until n calls in all have reached the door.
  void await(int n) {
    std::unique_lock lock{state_->mutex};
    if (!state_->changed.wait_for(lock, 10s,
                                  [&] { return state_->inside >= n; }))
      throw std::runtime_error("no call came to the door");
  }

private:
  struct state {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    int inside = 0;
  };
  std::shared_ptr<state> state_ = std::make_shared<state>();
};

/// What a host reported.
struct reports {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<result<void>> loaded;
  std::vector<std::string> quarantined, withdrawn;
  std::vector<log_line> lines;
  int closed = 0;
  int changes = 0; ///< of its facts

  template <class F>
  void note(F change) {
    const std::lock_guard lock{mutex};
    change();
    changed.notify_all();
  }
  template <class F>
  bool wait(F until) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 10s, until);
  }
  host_events events() {
    return {
      [this](result<void> r) { note([&] { loaded.push_back(std::move(r)); }); },
      [this](std::string why) {
        note([&] { quarantined.push_back(std::move(why)); });
      },
      [this](std::string why) {
        note([&] { withdrawn.push_back(std::move(why)); });
      },
      [this] { note([&] { ++changes; }); },
      [this](log_line line) {
        note([&] { lines.push_back(std::move(line)); });
      }};
  }
  std::function<void()> on_close() {
    return [this] { note([&] { ++closed; }); };
  }
};

struct host_fixture {
  std::shared_ptr<scripts_by_name> all_scripts
    = std::make_shared<scripts_by_name>();
  scripts_by_name& scripts = *all_scripts;
  std::map<std::string, reports> told;
  std::vector<std::string> node_lines;
  std::shared_ptr<answers> got = answers::make();
  host::node_hosts_config config;
  std::unique_ptr<host::node_function_hosts> hosts;
  std::atomic<uint64_t> tokens{0};

  host_fixture() {
    config.node = node_name{"edge-1"};
    config.trust.trust_all = true;
    config.tick_every = 0s; // instances come and go when a test says so
    config.log = [this](std::string line) { node_lines.push_back(line); };
  }
  ~host_fixture() {
    if (hosts)
      hosts->stop(5s);
  }

  void start() {
    hosts = std::make_unique<host::node_function_hosts>(config);
    for (const auto kind : {runtime_kind::native, runtime_kind::torch})
      hosts->add_runtime(
        kind, [scripts = all_scripts, kind]() -> result<std::unique_ptr<function_runtime>> {
          std::unique_ptr<function_runtime> made
            = std::make_unique<scripted_runtime>(scripts, kind);
          return made;
        });
  }

  host_request request(const std::string& name) {
    host_request made;
    made.version = {function_name{name}, 3};
    made.spec.name = function_name{name};
    made.spec.petrel.mode = trust_mode::threads;
    made.spec.petrel.concurrency = 1;
    return made;
  }

  /// Opens a host and waits until it has loaded.
  std::shared_ptr<function_host> open(host_request from) {
    if (!hosts)
      start();
    const auto name = from.version.function.str();
    auto& report = told[name];
    auto opened = hosts->open(std::move(from), report.events());
    BOOST_REQUIRE(opened);
    BOOST_REQUIRE(report.wait([&] { return !report.loaded.empty(); }));
    return *opened;
  }
  std::shared_ptr<function_host> open_ready(host_request from) {
    const auto name = from.version.function.str();
    auto opened = open(std::move(from));
    const auto& loaded = told[name].loaded[0];
    BOOST_REQUIRE_MESSAGE(
      loaded, (loaded ? std::string{} : loaded.error().to_string()));
    return opened;
  }

  invocation event(std::string body = {}, duration timeout = 10s) {
    invocation made;
    made.id = {1, tokens};
    made.body = blob{std::move(body)};
    made.deadline = std::chrono::steady_clock::now() + timeout;
    return made;
  }
  uint64_t submit(function_host& host, std::string body = {},
                  duration timeout = 10s) {
    const auto token = ++tokens;
    host.submit(event(std::move(body), timeout), got->promise(token));
    return token;
  }
  reply call(function_host& host, std::string body = {},
             duration timeout = 10s) {
    return got->wait(submit(host, std::move(body), timeout));
  }
  void close(const std::shared_ptr<function_host>& host,
             const std::string& name) {
    host->close(told[name].on_close());
    BOOST_REQUIRE(told[name].wait([&] { return told[name].closed > 0; }));
  }
};

inline std::string code_name(const reply& answer) {
  return std::string{name(answer.code)};
}

/// Waits for something that other threads bring about.
template <class F>
bool eventually(F holds) {
  for (int i = 0; i < 10'000; ++i) {
    if (holds())
      return true;
    std::this_thread::sleep_for(1ms); // polls, bounded
  }
  return false;
}

} // namespace faas::test
