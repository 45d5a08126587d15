// CAF's transport over socket pairs, in two actor systems: messages,
// heartbeats, a broken connection and the next one.
#include "actors/system/socket_middleman.hpp"
#include "tests/support/paired_links.hpp"

#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>

#include <boost/test/unit_test.hpp>

#include <future>

using namespace faas;
using namespace faas::actors;
using namespace std::chrono_literals;
using faas::test::paired_links;

namespace {

struct settings : caf::actor_system_config {
  settings() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", size_t{1});
    set("middleman.heartbeat-interval", caf::timespan{100ms});
    set("middleman.connection-timeout", caf::timespan{2s});
  }
};

struct side {
  explicit side(const char* peer)
    : links(peer), system(config), transport(
        std::make_unique<socket_middleman>(system, links)) {}

  paired_links links;
  settings config;
  caf::actor_system system;
  std::unique_ptr<socket_middleman> transport;
};

struct two_sides {
  two_sides() {
    near.links.pair(far.links, false);
    far.links.pair(near.links, false);
    echo = far.system.spawn(
      [this](caf::event_based_actor* self) -> caf::behavior {
        self->set_down_handler([this](const caf::down_msg&) { ++losses; });
        return {[](const std::string& text) { return text; },
                [self](const std::string&, const caf::actor& from) {
                  self->monitor(from);
                  return std::string{"seen"};
                }};
      });
    BOOST_REQUIRE(far.transport->publish(echo));
  }
  ~two_sides() {
    far.transport->close();
    caf::anon_send_exit(echo, caf::exit_reason::user_shutdown);
    echo = nullptr;
  }

  /// A connection that the far node is told of.
  uint64_t open() {
    uint64_t ticket = 0;
    near.links.open("", [&](result<peer_links::opened> got) {
      BOOST_REQUIRE(got);
      ticket = got->ticket;
    });
    return ticket;
  }
  /// The far actor, or null.
  caf::actor connect() { return connect(open()); }
  caf::actor connect(uint64_t ticket) {
    caf::actor found;
    caf::scoped_actor self{near.system};
    self
      ->request(near.transport->actor(), 10s, caf::connect_atom::value,
                socket_middleman::host_of(ticket), uint16_t{1})
      .receive([&](const caf::node_id&, caf::strong_actor_ptr& remote,
                   const std::set<std::string>&) {
        found = caf::actor_cast<caf::actor>(remote);
      },
               [](const caf::error&) {});
    return found;
  }
  /// A fresh connection may fall to a heartbeat's tick (see the CAF guide).
  caf::actor must_connect() {
    for (int i = 0; i < 50; ++i)
      if (auto found = connect())
        return found;
    BOOST_FAIL("no connection");
    return {};
  }
  /// Whether the far node has read a message and not unpacked it.
  bool far_unpacks() {
    auto broker = far.system.middleman().named_broker<caf::io::basp_broker>(
      caf::atom("BASP"));
    auto& queue = dynamic_cast<caf::io::basp_broker*>(
                    caf::actor_cast<caf::abstract_actor*>(broker))
                    ->instance.queue();
    const std::lock_guard lock{queue.lock};
    return queue.next_id > queue.next_undelivered;
  }
  /// Breaks the connection and sees that the near node knows.
  void lose(const caf::actor& remote) {
    caf::scoped_actor self{near.system};
    self->monitor(remote);
    near.links.cut();
    bool down = false;
    self->receive([&](const caf::down_msg&) { down = true; },
                  caf::after(10s) >> [] {});
    BOOST_REQUIRE(down);
  }
  bool answers(const caf::actor& to, const std::string& text = "x") {
    bool good = false;
    caf::scoped_actor self{near.system};
    self->request(to, 10s, text)
      .receive([&](const std::string& back) { good = back == text; },
               [](const caf::error&) {});
    return good;
  }

  /// Tells the far actor of one of this node.
  bool introduces(const caf::actor& one, const caf::actor& to) {
    bool good = false;
    caf::scoped_actor self{near.system};
    self->request(to, 10s, std::string{"this is"}, one)
      .receive([&](const std::string&) { good = true; },
               [](const caf::error&) {});
    return good;
  }

  std::atomic<int> losses = 0; ///< of actors that the far one was told of
  side near{"far"}, far{"near"};
  caf::actor echo;
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(socket_middleman_test, two_sides)

BOOST_AUTO_TEST_CASE(messages_of_any_size_are_answered) {
  const auto remote = must_connect();
  for (const size_t size : {0, 1, 1000, 70'000, 500'000})
    BOOST_TEST(answers(remote, std::string(size, 'x')), size);
}

BOOST_AUTO_TEST_CASE(the_remote_id_is_what_its_handshake_begins_with) {
  const auto remote = must_connect();
  const auto id = transport_id(near.system, remote.node());
  BOOST_TEST(!id.empty());
  BOOST_TEST(id == transport_id(far.system, far.system.node()));
  BOOST_TEST(id != transport_id(near.system, near.system.node()));
}

BOOST_AUTO_TEST_CASE(an_idle_connection_outlives_the_timeout_by_heartbeats) {
  const auto remote = must_connect();
  caf::scoped_actor self{near.system};
  self->monitor(remote);
  bool down = false;
  self->receive([&](const caf::down_msg&) { down = true; },
                caf::after(3s) >> [] {});
  BOOST_TEST(!down);
  BOOST_TEST(answers(remote));
}

BOOST_AUTO_TEST_CASE(a_broken_connection_is_noticed_and_replaced) {
  for (int round = 0; round < 3; ++round) {
    const auto remote = must_connect();
    BOOST_REQUIRE(answers(remote));
    lose(remote);
  }
}

/// CAF keeps a route until all that came over it is unpacked, and the kernel
/// gives descriptors of what has ended anew.
BOOST_AUTO_TEST_CASE(a_call_that_comes_before_the_last_one_is_over_is_heard) {
  const auto known = near.system.spawn(
    []() -> caf::behavior { return {[](caf::ok_atom) {}}; });
  const auto first = must_connect();
  BOOST_REQUIRE(introduces(known, first));
  std::promise<void> go;
  std::promise<void> busy;
  const auto gate
    = far.system.spawn([&, wait = go.get_future().share()]() mutable {
        busy.set_value();
        wait.wait(); // the only thread that could unpack
      });
  busy.get_future().wait();
  caf::anon_send(first, "not unpacked yet");
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!far_unpacks())
    BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
  lose(first);
  auto found = std::async(std::launch::async, [&] { return connect(); });
  found.wait_for(200ms); // by then it would be under way
  go.set_value();
  auto remote = found.get();
  if (!remote) // a heartbeat's tick, see above
    remote = must_connect();
  BOOST_TEST(introduces(known, remote));
  BOOST_TEST(answers(remote));
  BOOST_TEST(losses == 1);
  caf::anon_send_exit(known, caf::exit_reason::user_shutdown);
}

BOOST_AUTO_TEST_CASE(after_close_no_call_is_taken) {
  far.transport->close();
  bool refused = false;
  near.links.open("", [&](result<peer_links::opened> got) { refused = !got; });
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_CASE(a_ticket_that_is_gone_is_an_error_not_a_wait) {
  caf::scoped_actor self{near.system};
  bool failed = false;
  self
    ->request(near.transport->actor(), 10s, caf::connect_atom::value,
              socket_middleman::host_of(4711), uint16_t{1})
    .receive([](const caf::node_id&, caf::strong_actor_ptr&,
                const std::set<std::string>&) {},
             [&](const caf::error&) { failed = true; });
  BOOST_TEST(failed);
}

BOOST_AUTO_TEST_SUITE_END()
