// A host that makes instances for the load and leaves the memory, looked at when
// a test says so.
#pragma once

#include "tests/unit/functions/host/host_fixture.hpp"

namespace faas::test {

struct scale_fixture : host_fixture {
  duration ahead{}; ///< of the host's clock

  scale_fixture() {
    config.tick_every = 0s;
    config.threads = 4;
    scripts["f"].profile = {{1, 0.5}};
    scripts["f"].facts = {{"layout", "plain"}};
    scripts["f"].invoke = [](const invocation&, invocation_context&) {
      return text_reply("fine");
    };
  }
  /// To zero after a minute.
  host_request to_zero() {
    auto from = request("f");
    from.spec.petrel.scale.min = 0;
    from.spec.petrel.scale.idle = 60s;
    return from;
  }
  void skip(duration time) {
    ahead += time;
    hosts->tick(std::chrono::steady_clock::now() + ahead);
  }
  /// Ticks on: what has just been answered may still be ending.
  bool gone() {
    return eventually([&] {
      skip(0s);
      return scripts["f"].modules == 0;
    });
  }
  /// Calls, and waits until its instance is free again.
  reply calm_call(function_host& host) {
    auto answer = call(host);
    BOOST_REQUIRE(eventually([&] { return host.stats().running == 0; }));
    return answer;
  }
  /// Until that is learned by one whose `idle` is 300 s.
  void call_each_ten_minutes(function_host& host) {
    for (int i = 0; i < 25; ++i) { // the time to the first one counts little
      BOOST_REQUIRE(calm_call(host).code == errc::ok);
      skip(1s);
      skip(301s); // it leaves, if it has not
      BOOST_REQUIRE(gone());
      skip(298s);
      BOOST_REQUIRE(eventually([&] { return host.stats().waiting == 0; }));
    }
  }
  bool there() {
    return eventually([&] { return scripts["f"].modules == 1; });
  }
  /// A host that has left the memory.
  std::shared_ptr<function_host> away() {
    auto host = open_ready(to_zero());
    skip(61s);
    // Not only its code is gone: time that is skipped from here counts as away.
    BOOST_REQUIRE(eventually([&] { return host->stats().unloads == 1; }));
    return host;
  }
};

} // namespace faas::test
