// Everything that is not a node of the cluster, against the port for nodes.
#include "gateway/tunnel/join_messages.hpp"
#include "tests/integration/tunnel/tunnel_world.hpp"

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <thread>

using namespace faas;
using namespace faas::test;

namespace {

struct one_port : test_cluster {
  one_port() : cloud(own(), clock, authority.get(), true, quick()) {}
  static tunnel::tunnel_config quick() {
    tunnel::tunnel_config made;
    made.handshake_patience = 1s;
    made.max_handshakes = 8;
    return made;
  }
  ~one_port() { // whatever came before, a member gets in
    test_node member_node{member("last"), clock, nullptr, false};
    bool in = false;
    for (int i = 0; i < 20 && !in; ++i)
      in = bool{member_node.open(cloud.address())};
    BOOST_TEST(in);
  }
  /// Connected, with a limit of 10 s for reads.
  local_end plain() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(cloud.tunnel->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    BOOST_REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&to),
                            sizeof to)
                  == 0);
    return local_end{socket};
  }
  test_node cloud;
};

SSL_CTX* without_certificate() {
  auto* made = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
  return made;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(bad_peers_test, one_port)

BOOST_AUTO_TEST_CASE(garbage_in_clear_is_closed) {
  for (const auto& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(4096, '\0'),
        std::string(4096, '\xff'), std::string("\x16\x03\x01\xff\xff"),
        std::string("\x16\x03\x01\x40\x00") + std::string(16'384, 'x')}) {
    auto socket = plain();
    (void) socket.send(bytes);
    BOOST_TEST(socket.ends());
  }
}

BOOST_AUTO_TEST_CASE(half_open_connections_end_by_themselves) {
  std::vector<local_end> idle;
  for (int i = 0; i < 4; ++i)
    idle.push_back(plain());
  for (auto& one : idle)
    BOOST_TEST(one.ends());
}

BOOST_AUTO_TEST_CASE(idle_connections_make_room_for_a_node) {
  std::vector<local_end> many;
  for (int i = 0; i < 40; ++i)
    many.push_back(plain());
  test_node edge{member("edge-1"), clock, nullptr, false};
  BOOST_TEST(bool{edge.open(cloud.address())});
  for (auto& one : many)
    BOOST_TEST(one.ends());
}

BOOST_AUTO_TEST_CASE(without_a_certificate_there_is_no_control_connection) {
  raw_tls client{without_certificate()};
  client.connect(cloud.tunnel->port());
  // In TLS 1.3 the client may be through before the server refuses.
  (void) client.handshake(tls::alpn_control);
  BOOST_TEST(client.read(100).empty());
}

BOOST_AUTO_TEST_CASE(without_a_protocol_or_with_bulk_the_connection_ends) {
  auto identity = member("edge-1");
  for (const auto protocol :
       {std::string_view{}, std::string_view{"http/1.1"}, tls::alpn_bulk}) {
    raw_tls client{must(tls::node_context(identity)).release()};
    client.connect(cloud.tunnel->port());
    (void) client.handshake(protocol);
    BOOST_TEST(client.read(100).empty());
  }
}

BOOST_AUTO_TEST_CASE(older_tls_is_refused) {
  auto* context = without_certificate();
  SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION);
  raw_tls client{context};
  client.connect(cloud.tunnel->port());
  BOOST_TEST(bool{client.handshake(tls::alpn_control)});
}

BOOST_AUTO_TEST_CASE(a_join_with_a_huge_or_broken_question_ends) {
  for (const auto& bytes :
       {std::string("\xff\xff\xff\xff", 4), std::string("\0\0\x80\1", 4)}) {
    raw_tls client{without_certificate()};
    client.connect(cloud.tunnel->port());
    BOOST_REQUIRE(!client.handshake(tls::alpn_join));
    net::write(client.stream, net::buffer(bytes));
    BOOST_TEST(client.read(100).empty());
  }
  for (const auto* text : {"", "{", "[]", "{}", "{\"renew\":true}",
                           "{\"secret\":\"00\",\"request\":\"x\"}",
                           "{\"renew\":true,\"request\":\"x\"}"}) {
    raw_tls client{without_certificate()};
    client.connect(cloud.tunnel->port());
    BOOST_REQUIRE(!client.handshake(tls::alpn_join));
    net::write(client.stream, net::buffer(tunnel::framed(text)));
    std::string answer(4, '\0');
    boost::system::error_code failed;
    net::read(client.stream, net::buffer(answer), failed);
    answer.resize(must(tunnel::length_of(answer, tunnel::max_answer)));
    net::read(client.stream, net::buffer(answer), failed);
    const auto got = tunnel::answer_from_json(answer);
    BOOST_TEST(!got, text);
  }
}

BOOST_AUTO_TEST_CASE(a_join_over_the_network_works_once) {
  const auto token = must(trust::join_token::parse(
    token_for(cloud.address())));
  const auto key = must(tls::make_key());
  const auto joined = must(
    tunnel::join_cluster(token, key, node_name{"edge-1"}, clock.wall()));
  BOOST_TEST(joined.tier == "edge");
  test_node edge{joined, clock, nullptr, false};
  BOOST_TEST(bool{edge.open(cloud.address())});
  // A lost answer is asked for again; another machine gets nothing.
  BOOST_TEST(must(tunnel::join_cluster(token, key, node_name{"edge-1"},
                                       clock.wall()))
               .certificate
             == joined.certificate);
  const auto replayed = tunnel::join_cluster(
    token, must(tls::make_key()), node_name{"edge-2"}, clock.wall());
  BOOST_REQUIRE(!replayed);
  BOOST_TEST((replayed.error().code == errc::unauthorized));
}

BOOST_AUTO_TEST_CASE(who_is_in_between_gets_neither_secret_nor_node) {
  // Another cluster's port, or a proxy with a certificate of its own: the node
  // that joins sees at once that it is not the CA that its token pins.
  test_cluster others;
  test_node between{others.own(), others.clock, others.authority.get(), true};
  auto token = must(trust::join_token::parse(token_for(cloud.address())));
  token.addresses = {between.address()};
  const auto key = must(tls::make_key());
  const auto fooled = tunnel::join_cluster(token, key, node_name{"edge-1"},
                                           clock.wall());
  BOOST_REQUIRE(!fooled);
  BOOST_TEST((fooled.error().code == errc::forbidden));
  // Nothing was sent that could be used: the token is still good.
  token.addresses = {cloud.address()};
  BOOST_TEST(bool{tunnel::join_cluster(token, key, node_name{"edge-1"},
                                       clock.wall())});
}

BOOST_AUTO_TEST_CASE(a_member_cannot_pose_as_the_authority) {
  // It has a certificate of the cluster, but not the controller's.
  test_node member_node{member("edge-1"), clock, nullptr, true};
  auto token = must(trust::join_token::parse(token_for(cloud.address())));
  token.addresses = {member_node.address()};
  const auto got = tunnel::join_cluster(
    token, must(tls::make_key()), node_name{"edge-2"}, clock.wall());
  BOOST_REQUIRE(!got);
  BOOST_TEST((got.error().code == errc::forbidden));
}

BOOST_AUTO_TEST_SUITE_END()
