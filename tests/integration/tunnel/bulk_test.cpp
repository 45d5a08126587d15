// The second connection between two nodes: who gets one, what passes, and peers
// that misbehave on it.
#include "libfaas/bulk/frame.hpp"
#include "libfaas/core/random.hpp"
#include "tests/integration/tunnel/tunnel_world.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

using namespace faas;
using namespace faas::test;

namespace {

const boot_id cloud_boot{"boot-of-cloud"}, edge_boot{"boot-of-edge"};

/// A node's bulk connections, and what came by them.
struct bulk_node : test_node {
  bulk_node(trust::node_identity identity, const wall_clock& clock,
            tunnel::authority* authority, bool listen, boot_id boot,
            tunnel::tunnel_config config = {})
    : test_node(std::move(identity), clock, authority, listen,
                std::move(config)),
      bulk(tunnel->bulk()) {
    bulk.serve(bulk_links::handlers{
      std::move(boot),
      [this](bulk_arrival one) {
        const std::lock_guard lock{mutex};
        arrived.push_back(std::move(one));
        if (!keeps)
          arrived.back().room.reset();
        changed.notify_all();
      },
      [this](const node_name&, bool up) {
        const std::lock_guard lock{mutex};
        stands = up;
        (up ? ups : downs) += 1;
        changed.notify_all();
      }});
  }
  ~bulk_node() { bulk.serve(std::nullopt); }

  template <class Condition>
  bool wait(Condition good) {
    std::unique_lock lock{mutex};
    return changed.wait_for(lock, 30s, good);
  }
  bool has_line() {
    return wait([&] { return stands; });
  }
  bool has_lost(int times = 1) {
    return wait([&] { return downs >= times && !stands; });
  }
  std::string next() {
    if (!wait([&] { return !arrived.empty(); }))
      return "nothing came";
    const std::lock_guard lock{mutex};
    auto one = std::move(arrived.front());
    arrived.erase(arrived.begin());
    return std::move(one.bytes);
  }
  size_t count() {
    const std::lock_guard lock{mutex};
    return arrived.size();
  }
  double metric(const std::string& name, size_t sample = 0) const {
    for (const auto& family : tunnel->metrics().collect())
      if (family.name == name && family.samples.size() > sample)
        return family.samples[sample].value;
    return -1;
  }

  bulk_links& bulk;
  bool keeps = false; ///< the room of what came
  bool stands = false;
  int ups = 0, downs = 0;
  std::vector<bulk_arrival> arrived;
};

tunnel::tunnel_config quick() {
  tunnel::tunnel_config made;
  made.handshake_patience = 2s;
  made.bulk_line.ping_after = 100ms;
  made.bulk_line.silent_after = 3s;
  return made;
}

struct two_ends : test_cluster {
  two_ends()
    : identity(member("edge-1")),
      cloud(own(), clock, authority.get(), true, cloud_boot, quick()),
      edge(identity, clock, nullptr, false, edge_boot, quick()) {}

  void cloud_wants() {
    cloud.bulk.want({node_name{"edge-1"}, edge_boot, {}});
  }
  void edge_wants() {
    edge.bulk.want({node_name{"cloud-1"}, cloud_boot, cloud.address()});
  }
  void connect() {
    cloud_wants();
    edge_wants();
    BOOST_REQUIRE(edge.has_line());
    BOOST_REQUIRE(cloud.has_line());
  }
  bool to_cloud(std::string bytes) {
    return edge.bulk.send(node_name{"cloud-1"}, bulk_topic::bundle,
                          std::move(bytes));
  }
  bool to_edge(std::string bytes) {
    return cloud.bulk.send(node_name{"edge-1"}, bulk_topic::bundle,
                           std::move(bytes));
  }
  /// A connection of edge-1 that has said its hello; the first line of the
  /// answer.
  std::string greet(raw_tls& client, const std::string& hello) {
    client.connect(cloud.tunnel->port());
    BOOST_REQUIRE(!client.handshake(tls::alpn_bulk));
    net::write(client.stream, net::buffer(hello));
    return client.read(600);
  }

  trust::node_identity identity;
  bulk_node cloud, edge;
};

std::string noise(size_t size) {
  random_source random{size};
  std::string made(size, '\0');
  for (auto& c : made)
    c = static_cast<char>(random.next());
  return made;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(bulk_test, two_ends)

BOOST_AUTO_TEST_CASE(messages_pass_both_ways_whole_and_in_order) {
  connect();
  std::vector<std::string> sent;
  for (const size_t size : {size_t{1}, size_t{70'000}, size_t{300'000},
                            bulk_links::max_message})
    sent.push_back(noise(size));
  for (const auto& one : sent) {
    BOOST_TEST(to_cloud(one));
    BOOST_TEST(to_edge(one));
  }
  for (const auto& one : sent) {
    BOOST_TEST((cloud.next() == one));
    BOOST_TEST((edge.next() == one));
  }
  BOOST_TEST(cloud.metric("petrel_bulk_connections") == 1);
  BOOST_TEST(cloud.metric("petrel_bulk_messages_total") == 4);
  BOOST_TEST(cloud.metric("petrel_bulk_bytes_total", 1) > 800'000);
}

BOOST_AUTO_TEST_CASE(without_a_link_nobody_gets_a_connection) {
  edge_wants(); // the cloud knows of no link with it
  BOOST_TEST(cloud.logged("no link with this process of edge-1 stands"));
  BOOST_TEST(edge.logged("no bulk connection to cloud-1"));
  BOOST_TEST(!to_cloud("x"));
  BOOST_TEST(!cloud.bulk.carries(node_name{"edge-1"}));
  cloud_wants();
  BOOST_TEST(edge.has_line()); // it tried again
  BOOST_TEST(to_cloud("x"));
  BOOST_TEST(cloud.next() == "x");
}

BOOST_AUTO_TEST_CASE(a_copy_of_the_node_gets_none_and_disturbs_nobody) {
  connect();
  bulk_node copy{identity, clock, nullptr, false, boot_id{"another"}, quick()};
  copy.bulk.want({node_name{"cloud-1"}, cloud_boot, cloud.address()});
  BOOST_TEST(copy.logged("no link with this process"));
  BOOST_TEST(to_edge("x"));
  BOOST_TEST(edge.next() == "x");
  BOOST_TEST(cloud.ups == 1);
}

BOOST_AUTO_TEST_CASE(when_the_link_ends_so_does_bulk) {
  connect();
  cloud.bulk.forget(node_name{"edge-1"});
  BOOST_TEST(cloud.has_lost());
  BOOST_TEST(edge.wait([&] { return edge.downs > 0; }));
  BOOST_TEST(!to_edge("x"));
  BOOST_TEST(cloud.logged("no link with this process"));
  cloud_wants();
  BOOST_TEST(cloud.wait([&] { return cloud.stands; })); // edge dialled again
}

BOOST_AUTO_TEST_CASE(a_node_that_started_again_gets_a_new_connection) {
  connect();
  const boot_id later{"later"};
  cloud.bulk.want({node_name{"edge-1"}, later, {}});
  BOOST_TEST(cloud.has_lost());
  BOOST_TEST(!cloud.bulk.carries(node_name{"edge-1"}));
  bulk_node again{identity, clock, nullptr, false, later, quick()};
  again.bulk.want({node_name{"cloud-1"}, cloud_boot, cloud.address()});
  BOOST_TEST(again.has_line());
}

BOOST_AUTO_TEST_CASE(a_revoked_node_is_cut_off_and_refused) {
  connect();
  BOOST_REQUIRE(authority->revoke(node_name{"edge-1"}));
  BOOST_TEST(cloud.has_lost());
  BOOST_TEST(cloud.logged("revoked"));
  raw_tls client{must(tls::node_context(identity)).release()};
  BOOST_TEST(greet(client, bulk::encode_hello(edge_boot)).starts_with("no "));
}

BOOST_AUTO_TEST_CASE(a_node_of_another_cluster_gets_none) {
  test_cluster others;
  bulk_node stranger{others.member("edge-1"), others.clock, nullptr, false,
                     edge_boot, quick()};
  cloud_wants();
  stranger.bulk.want({node_name{"cloud-1"}, cloud_boot, cloud.address()});
  BOOST_TEST(stranger.logged("no bulk connection to cloud-1"));
  BOOST_TEST(!cloud.bulk.carries(node_name{"edge-1"}));
}

BOOST_AUTO_TEST_CASE(another_node_at_the_address_is_not_taken_for_the_peer) {
  cloud_wants();
  edge.bulk.want({node_name{"cloud-2"}, cloud_boot, cloud.address()});
  BOOST_TEST(edge.logged("cloud-1 answers there now"));
  BOOST_TEST(!edge.bulk.carries(node_name{"cloud-2"}));
}

BOOST_AUTO_TEST_CASE(garbage_ends_the_connection_and_nothing_else) {
  cloud_wants();
  for (const auto& bytes :
       {noise(5000), std::string("\2\0\1\0\xff\xff\xff\xff", 8),
        std::string("\3\0\0\0\0\0\0\x18", 8) + std::string(24, '\x7f')}) {
    raw_tls client{must(tls::node_context(identity)).release()};
    BOOST_REQUIRE(greet(client, bulk::encode_hello(edge_boot)) == "ok\n");
    net::write(client.stream, net::buffer(bytes));
    while (!client.read(4096).empty()) {
    }
  }
  BOOST_TEST(cloud.logged("bulk connection to edge-1 closed: the peer "));
  connect();
  BOOST_TEST(to_cloud("x"));
  BOOST_TEST(cloud.next() == "x");
}

BOOST_AUTO_TEST_CASE(a_message_that_no_node_sends_is_dropped) {
  cloud_wants();
  raw_tls client{must(tls::node_context(identity)).release()};
  BOOST_REQUIRE(greet(client, bulk::encode_hello(edge_boot)) == "ok\n");
  std::string bytes;
  bulk::append_data(bytes, static_cast<bulk_topic>(77), "?", true);
  bulk::append_data(bytes, bulk_topic::bundle, "!", true);
  net::write(client.stream, net::buffer(bytes));
  BOOST_TEST(cloud.next() == "!");
}

BOOST_AUTO_TEST_CASE(half_open_connections_end_by_themselves) {
  cloud_wants();
  raw_tls without_hello{must(tls::node_context(identity)).release()};
  without_hello.connect(cloud.tunnel->port());
  BOOST_REQUIRE(!without_hello.handshake(tls::alpn_bulk));
  net::write(without_hello.stream, net::buffer("\1\0", 2));
  BOOST_TEST(without_hello.read(100).empty());
  raw_tls silent{must(tls::node_context(identity)).release()};
  BOOST_REQUIRE(greet(silent, bulk::encode_hello(edge_boot)) == "ok\n");
  BOOST_TEST(cloud.has_line());
  BOOST_TEST(cloud.has_lost()); // it answers no ping
  BOOST_TEST(cloud.logged("the peer is silent"));
}

BOOST_AUTO_TEST_CASE(the_newest_connection_of_a_node_counts) {
  cloud_wants();
  raw_tls former{must(tls::node_context(identity)).release()};
  BOOST_REQUIRE(greet(former, bulk::encode_hello(edge_boot)) == "ok\n");
  edge_wants();
  BOOST_REQUIRE(edge.has_line());
  while (!former.read(4096).empty()) {
  }
  BOOST_TEST(to_edge("x"));
  BOOST_TEST(edge.next() == "x");
}

BOOST_AUTO_TEST_CASE(what_nobody_uses_holds_the_sender_back) {
  cloud.keeps = true;
  connect();
  const std::string one(256 * 1024, 'x');
  const auto credit = bulk::line_options{}.credit / one.size();
  const auto room = tunnel::tunnel_config{}.bulk_line.credit + 8 * limits::mib;
  size_t taken = 0;
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < end && taken * one.size() < room)
    if (to_cloud(one))
      ++taken;
    else
      ::poll(nullptr, 0, 5); // polls, bounded
  BOOST_TEST(!to_cloud(std::string(bulk_links::max_message, 'x')));
  BOOST_REQUIRE(cloud.wait([&] { return cloud.arrived.size() >= credit; }));
  BOOST_TEST(cloud.count() == credit);
  {
    const std::lock_guard lock{cloud.mutex};
    cloud.keeps = false;
    cloud.arrived.clear();
  }
  BOOST_TEST(cloud.wait([&] { return cloud.arrived.size() == taken - credit; }));
  BOOST_TEST(edge.metric("petrel_bulk_dropped_total") >= 1);
}

BOOST_AUTO_TEST_CASE(room_that_is_given_back_after_the_end_harms_nobody) {
  cloud.keeps = true;
  connect();
  BOOST_TEST(to_cloud("x"));
  BOOST_REQUIRE(cloud.wait([&] { return !cloud.arrived.empty(); }));
  cloud.tunnel->stop();
  cloud.arrived.clear();
  BOOST_TEST(!to_edge("x"));
}

BOOST_AUTO_TEST_SUITE_END()
