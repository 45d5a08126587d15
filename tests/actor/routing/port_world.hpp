// A loop port with its board, a fake loop, local hosts and fake peers.
#pragma once

#include "actors/routing/loop_port.hpp"
#include "libfaas/routing/estimate_cell.hpp"
#include "tests/support/actor_fixture.hpp"
#include "tests/support/answers.hpp"
#include "tests/support/fake_host.hpp"
#include "tests/support/fake_loop.hpp"

namespace faas::test {

/// Keeps what the port sends.
class fake_peer final : public actors::peer {
public:
  explicit fake_peer(const std::string& of) {
    name = node_name{of};
    usable = true;
    body_bytes = limits::body_bytes;
  }
  void send(std::vector<actors::link_event> events) override {
    ++messages;
    for (auto& one : events)
      sent.push_back(std::move(one));
  }
  void probe(const version_ref& of,
             std::function<void(const host_probe&)> answered) override {
    probes.emplace_back(of, std::move(answered));
  }
  void ask_cpu() override { ++asked_cpu; }
  void answer(errc code, bool started = false) {
    auto event = std::move(sent.front());
    sent.erase(sent.begin());
    auto made = code == errc::ok ? reply{} : reply::failure({code, "x"});
    made.started = started;
    event.done(std::move(made));
  }
  std::vector<actors::link_event> sent;
  std::vector<
    std::pair<version_ref, std::function<void(const host_probe&)>>>
    probes;
  int messages = 0, asked_cpu = 0;
};

inline reply ok_reply() {
  reply made;
  made.started = true;
  return made;
}

struct port_world : actor_fixture {
  port_world() { open(); }
  ~port_world() {
    port.reset();
    settle();
  }

  void open(uint32_t capacity = 16) {
    port.reset();
    actors::port_deps deps{system, counters, board, stats, ports, clock, 1,
                           capacity};
    port = std::make_unique<actors::loop_port>(deps, loop);
  }

  struct site {
    std::shared_ptr<function_host> host;
    std::shared_ptr<actors::peer> via;
  };
  /// Publishes function "f" with these sites, tried in order of position: the
  /// policy is static to the first one, round-robin when asked.
  void publish(std::vector<site> sites, bool idempotent = false,
               uint32_t version = 1, const std::string& why_empty = {},
               const std::string& policy = "min-latency") {
    publish(route_of(std::move(sites), idempotent, version, why_empty, policy));
  }
  void publish(std::shared_ptr<const actors::route> of) {
    auto table = std::make_shared<actors::routing_table>();
    table->routes.emplace("f", std::move(of));
    board.publish(std::move(table));
  }
  static std::shared_ptr<actors::route>
  route_of(std::vector<site> sites, bool idempotent = false,
           uint32_t version = 1, const std::string& why_empty = {},
           const std::string& policy = "min-latency") {
    auto made = std::make_shared<actors::route>();
    made->view.name = function_name{"f"};
    made->view.idempotent = idempotent;
    made->version = {function_name{"f"}, version};
    made->policy = policy;
    made->fixed_name = "n9/cpu"; // no such site; for policy "static"
    made->why_empty = why_empty;
    for (size_t i = 0; i < sites.size(); ++i) {
      actors::route_target target;
      target.site = site_name{"n" + std::to_string(i) + "/cpu"};
      target.index = static_cast<routing::site_index>(i);
      target.host = sites[i].host;
      target.via = sites[i].via;
      target.cell = std::make_shared<routing::estimate_cell>();
      target.load = std::make_shared<routing::shared_load>();
      target.link_load = std::make_shared<routing::shared_link_load>();
      made->targets.push_back(std::move(target));
    }
    return made;
  }
  void publish_nothing() {
    board.publish(std::make_shared<actors::routing_table>());
  }

  invocation event(duration timeout = std::chrono::seconds(10)) const {
    invocation made;
    made.function = function_name{"f"};
    made.accepted = clock.now();
    made.deadline = clock.now() + timeout;
    made.body = blob{"body"};
    return made;
  }
  uint64_t submit(duration timeout = std::chrono::seconds(10)) {
    const auto token = ++last_token;
    port->submit(event(timeout), got->promise(token));
    return token;
  }
  errc code(uint64_t token) const {
    const auto all = got->all();
    const auto found = all.find(token);
    return found == all.end() ? errc::internal : found->second.code;
  }

  actors::census counters;
  actors::routing_board board;
  actors::stats_book stats;
  actors::port_book ports;
  fake_loop loop;
  std::unique_ptr<actors::loop_port> port;
  std::shared_ptr<answers> got = answers::make();
  uint64_t last_token = 0;
};

} // namespace faas::test
