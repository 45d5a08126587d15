// Two tunnels: what passes, who is let in, and who is cut off.
#include "tests/integration/tunnel/tunnel_world.hpp"

using namespace faas;
using namespace faas::test;

namespace {

const auto server_hello = basp(0, "server id, and more");
const auto client_hello = basp(1, "client id");

struct two_nodes : test_cluster {
  two_nodes()
    : cloud(own(), clock, authority.get(), true),
      edge_identity(member("edge-1")),
      edge(edge_identity, clock, nullptr, false) {}

  /// Connects edge to cloud and exchanges handshakes.
  void link() {
    const auto got = must(edge.open(cloud.address()));
    BOOST_TEST(got.peer.node.str() == "cloud-1");
    BOOST_TEST(got.peer.controller);
    near = edge.take(got.ticket);
    far = cloud.next_call();
    BOOST_REQUIRE(far.send(server_hello));
    BOOST_TEST(near.receive(server_hello.size()) == server_hello);
    BOOST_REQUIRE(near.send(client_hello));
    BOOST_TEST(far.receive(client_hello.size()) == client_hello);
  }
  std::string refusal(test_node& from) {
    const auto got = from.open(cloud.address());
    return got ? "connected" : got.error().to_string();
  }

  test_node cloud;
  trust::node_identity edge_identity;
  test_node edge;
  local_end near, far;
};

bool has(const std::string& text, const char* words) {
  return text.find(words) != text.npos;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(tunnel_test, two_nodes)

BOOST_AUTO_TEST_CASE(bytes_pass_both_ways_and_each_end_knows_the_other) {
  link();
  const auto owner = edge.tunnel->owner("server id");
  BOOST_REQUIRE(owner);
  BOOST_TEST(owner->node.str() == "cloud-1");
  const auto caller = cloud.tunnel->owner("client id");
  BOOST_REQUIRE(caller);
  BOOST_TEST(caller->node.str() == "edge-1");
  BOOST_TEST(!caller->controller);
  BOOST_TEST(!cloud.tunnel->owner("somebody"));
  BOOST_TEST(!cloud.tunnel->owner(""));
  const auto message = basp(2, std::string(200'000, 'm'));
  auto sent = std::async(std::launch::async, [&] {
    for (size_t at = 0; at < message.size(); at += 10'000)
      if (!near.send(message.substr(at, 10'000)))
        return false;
    return true;
  });
  BOOST_TEST((far.receive(message.size()) == message));
  BOOST_TEST(sent.get());
}

BOOST_AUTO_TEST_CASE(the_end_of_one_side_reaches_the_other_after_its_bytes) {
  link();
  const auto last = basp(2, "goodbye");
  BOOST_REQUIRE(near.send(last));
  near = local_end{};
  BOOST_TEST(far.receive(last.size()) == last);
  BOOST_TEST(far.ends());
  BOOST_TEST(!cloud.tunnel->owner("client id"));
}

BOOST_AUTO_TEST_CASE(a_ticket_is_good_once_and_for_seconds) {
  const auto got = must(edge.open(cloud.address()));
  auto first = edge.take(got.ticket);
  BOOST_TEST(edge.tunnel->take(got.ticket) == -1);
  BOOST_TEST(edge.tunnel->take(12345) == -1);
  tunnel::tunnel_config hasty;
  hasty.take_patience = 100ms;
  test_node other{member("edge-2"), clock, nullptr, false, hasty};
  const auto untaken = must(other.open(cloud.address()));
  (void) cloud.next_call();
  auto call = cloud.next_call();
  BOOST_TEST(call.ends());
  BOOST_TEST(other.tunnel->take(untaken.ticket) == -1);
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_is_refused_by_both) {
  test_cluster others;
  test_node stranger{others.member("edge-1"), others.clock, nullptr, false};
  BOOST_TEST(has(refusal(stranger), "cluster"));
  test_node other_cloud{others.own(), others.clock, others.authority.get(),
                        true};
  const auto got = edge.open(other_cloud.address());
  BOOST_REQUIRE(!got);
  BOOST_TEST(has(got.error().to_string(), "not of this cluster"));
}

BOOST_AUTO_TEST_CASE(a_revoked_node_is_cut_off_and_refused) {
  link();
  BOOST_REQUIRE(authority->revoke(node_name{"edge-1"}));
  BOOST_TEST(near.ends());
  BOOST_TEST(far.ends());
  BOOST_TEST(has(refusal(edge), "revoked"));
  BOOST_TEST(cloud.logged("revoked"));
  test_node again{member("edge-1"), clock, nullptr, false}; // joined anew
  BOOST_TEST(refusal(again) == "connected");
}

BOOST_AUTO_TEST_CASE(nodes_without_the_ca_learn_who_was_revoked) {
  auto identity = member("edge-2");
  identity.addresses = {cloud.address()};
  tunnel::tunnel_config eager;
  eager.revoked_every = 50ms;
  test_node listening{identity, clock, nullptr, true, eager};
  const auto got = must(edge.open(listening.address()));
  auto own_end = edge.take(got.ticket);
  auto call = listening.next_call();
  BOOST_REQUIRE(authority->revoke(node_name{"edge-1"}));
  BOOST_TEST(call.ends());
  BOOST_TEST(listening.logged("revoked"));
  const auto again = edge.open(listening.address());
  BOOST_REQUIRE(!again);
  BOOST_TEST(has(again.error().to_string(), "revoked"));
}

BOOST_AUTO_TEST_CASE(what_was_learned_counts_after_a_restart_without_the_ca) {
  auto identity = member("edge-2");
  identity.addresses = {cloud.address()};
  tunnel::tunnel_config eager;
  eager.revoked_every = 50ms;
  trust::taken_serials learned;
  {
    test_node listening{identity, clock, nullptr, true, eager};
    const auto got = must(edge.open(listening.address()));
    auto own_end = edge.take(got.ticket);
    auto call = listening.next_call();
    BOOST_REQUIRE(authority->remove(node_name{"edge-1"}));
    BOOST_TEST(call.ends());
    const std::lock_guard lock{listening.mutex};
    BOOST_REQUIRE_EQUAL(listening.kept_revoked.size(), 1u); // once per change
    learned = listening.kept_revoked.back();
  }
  identity.addresses = {"127.0.0.1:1"}; // the controller's node is away
  eager.revoked = learned;
  test_node again{identity, clock, nullptr, true, eager};
  const auto refused = edge.open(again.address());
  BOOST_REQUIRE(!refused);
  BOOST_TEST(has(refused.error().to_string(), "was removed from the cluster"));
}

BOOST_AUTO_TEST_CASE(an_expired_certificate_counts_no_more) {
  link();
  test_node late{edge_identity, clock, nullptr, false}; // it cannot renew
  clock.advance(std::chrono::duration_cast<std::chrono::seconds>(
                  trust::certificate_life)
                + trust::clock_skew - 1min);
  BOOST_TEST(refusal(late) == "connected");
  clock.advance(2min);
  BOOST_TEST(near.ends());
  BOOST_TEST(has(refusal(late), "expired"));
}

BOOST_AUTO_TEST_CASE(certificates_are_renewed_when_they_are_due) {
  clock.advance(std::chrono::hours{24 * 20} + 1min);
  BOOST_TEST(cloud.logged("was renewed"));
  const std::lock_guard lock{cloud.mutex};
  BOOST_REQUIRE(!cloud.saved.empty());
  BOOST_TEST(bool{tls::check_identity(cloud.saved.front())});
  BOOST_TEST(cloud.saved.front().key != edge_identity.key);
}

BOOST_AUTO_TEST_CASE(a_member_renews_over_the_join_protocol) {
  auto identity = edge_identity;
  identity.addresses = {"127.0.0.1:1", cloud.address()};
  const auto renewed = must(tunnel::renew_identity(identity));
  BOOST_TEST((renewed.self == identity.self));
  BOOST_TEST(renewed.key != identity.key);
  test_node with_new{renewed, clock, nullptr, false};
  BOOST_TEST(refusal(with_new) == "connected");
  BOOST_REQUIRE(authority->revoke(node_name{"edge-1"}));
  const auto refused = tunnel::renew_identity(identity);
  BOOST_REQUIRE(!refused);
  BOOST_TEST(has(refused.error().to_string(), "revoked"));
}

BOOST_AUTO_TEST_CASE(a_stopped_tunnel_answers_every_call) {
  edge.tunnel->stop();
  BOOST_TEST(has(refusal(edge), "stopping"));
  BOOST_TEST(has([&] {
    const auto got = cloud.open("127.0.0.1:1");
    return got ? "" : got.error().to_string();
  }(), "refused"));
  const auto nowhere = cloud.open("no-such-host.invalid:1");
  BOOST_TEST(!nowhere);
  BOOST_TEST(!cloud.open("nonsense"));
}

BOOST_AUTO_TEST_CASE(a_stop_ends_it_though_its_tick_is_due) {
  // Its thread is busy while the tick falls due and the stop comes.
  std::promise<void> busy, go;
  edge.tunnel->open("nonsense", [&](auto) {
    busy.set_value();
    go.get_future().wait();
  });
  busy.get_future().wait();
  const auto due = std::chrono::steady_clock::now() + 700ms;
  while (std::chrono::steady_clock::now() < due)
    ::poll(nullptr, 0, 10);
  auto stopped
    = std::async(std::launch::async, [&] { edge.tunnel->stop(); });
  const auto posted = std::chrono::steady_clock::now() + 100ms;
  while (std::chrono::steady_clock::now() < posted)
    ::poll(nullptr, 0, 10);
  go.set_value();
  BOOST_REQUIRE(stopped.wait_for(30s) == std::future_status::ready);
}

BOOST_AUTO_TEST_CASE(peers_that_break_the_rules_lose_their_link) {
  for (const auto& bytes :
       {basp(2, "", 0xffffffffu), basp(3, "routed"), std::string(64, '\xff'),
        std::string("GET / HTTP/1.1\r\nHost: petrel.example\r\n\r\n")}) {
    link();
    BOOST_REQUIRE(near.send(bytes));
    BOOST_TEST(far.ends());
    BOOST_TEST(near.ends());
  }
  BOOST_TEST(cloud.logged("sends what no node sends"));
  link(); // the others go on
}

BOOST_AUTO_TEST_SUITE_END()
