// A function host that does what the test says.
#pragma once

#include "libfaas/ports/function_host.hpp"

#include <functional>
#include <vector>

namespace faas::test {

/// Keeps submitted events until the test answers them, or answers at once when
/// `answer_with` is set.
class fake_host : public function_host {
public:
  struct held {
    invocation event;
    completion done;
  };

  void submit(invocation&& event, completion&& done) override {
    ++submitted;
    if (fault)
      fault();
    if (answer_with) {
      done(answer_with(event));
      return;
    }
    waiting.push_back({std::move(event), std::move(done)});
  }
  host_stats stats() const override { return {}; }
  std::vector<profile_point> profile() const override { return points; }
  string_map facts() const override { return says; }
  std::optional<host_load> current_load() const override { return busy; }
  void rescale(const scale_order& order) override { orders.push_back(order); }
  void close(std::function<void()> closed) override {
    on_closed = std::move(closed);
    if (close_at_once)
      end_close();
  }
  /// Calls what close() was given, once; it may hold this host.
  void end_close() {
    if (auto closed = std::exchange(on_closed, nullptr))
      closed();
  }

  std::function<reply(const invocation&)> answer_with;
  std::function<void()> fault;
  std::vector<held> waiting;
  std::vector<scale_order> orders;
  std::optional<host_load> busy;
  std::vector<profile_point> points;
  string_map says{{"fake", "yes"}};
  std::function<void()> on_closed;
  bool close_at_once = true;
  int submitted = 0;
};

/// Opens fake hosts; loading ends when the test calls events[i].loaded.
class fake_hosts final : public function_hosts {
public:
  result<std::shared_ptr<function_host>> open(host_request request,
                                              host_events to) override {
    if (fault)
      fault();
    if (refuse)
      return *refuse;
    requests.push_back(std::move(request));
    events.push_back(std::move(to));
    hosts.push_back(std::make_shared<fake_host>());
    if (load_at_once)
      events.back().loaded({});
    return std::shared_ptr<function_host>{hosts.back()};
  }
  host_threads threads() const override { return {2, 3}; }

  std::function<void()> fault; ///< may throw
  std::optional<error> refuse;
  bool load_at_once = true;
  std::vector<host_request> requests;
  std::vector<host_events> events;
  std::vector<std::shared_ptr<fake_host>> hosts;
};

} // namespace faas::test
