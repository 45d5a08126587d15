// Redis over TLS, with certificates of a CA that the test makes.
#include "tests/integration/redis/redis_world.hpp"
#include "tests/support/test_ca.hpp"

using namespace faas;
using namespace faas::testing;

namespace {

struct tls_world : redis_world {
  redis_server::words with_tls(const std::string& port) {
    return {"--tls-port",         port,
            "--bind",             "127.0.0.1",
            "--tls-cert-file",    server_pem.certificate,
            "--tls-key-file",     server_pem.key,
            "--tls-ca-cert-file", ca.file()};
  }
  redis_catalog_options over_tls() {
    auto made = options(server);
    made.client.server = {};
    made.client.server.host = "127.0.0.1";
    made.client.server.port = number;
    made.client.server.tls = true;
    made.client.server.files
      = {ca.file(), client_pem.certificate, client_pem.key};
    return made;
  }

  test_ca ca{notes.path(), "ca"};
  test_ca::pair server_pem = ca.issue("redis", "IP:127.0.0.1,DNS:localhost");
  test_ca::pair client_pem = ca.issue("node", "DNS:node");
  std::string port = redis_server::free_port();
  uint16_t number = static_cast<uint16_t>(std::stoi(port));
  redis_server server{with_tls(port)};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(redis_tls_test, tls_world)

  BOOST_AUTO_TEST_CASE(a_catalog_is_kept_over_tls) {
    auto store = open(over_tls());
    auto state = loaded(*store);
    advance(*store, state, 60); // long answers, in many records
    BOOST_TEST((loaded(*store) == state));
    server.ask({"CLIENT", "KILL", "TYPE", "normal"});
    advance(*store, state, 1);
    auto by_name = over_tls();
    by_name.client.server.host = "localhost";
    BOOST_TEST((loaded(*open(by_name)) == state));
  }

  BOOST_AUTO_TEST_CASE(a_server_of_another_ca_is_refused) {
    const test_ca other{notes.path(), "other"};
    auto with = over_tls();
    with.client.server.files.ca = other.file();
    check_refused(open(with)->load(), errc::unavailable, "certificate");
    with.client.server.files.ca.clear(); // what this machine trusts
    check_refused(open(with)->load(), errc::unavailable, "certificate");
  }

  BOOST_AUTO_TEST_CASE(a_certificate_for_another_host_is_refused) {
    server.kill();
    server_pem = ca.issue("elsewhere", "IP:127.0.0.2,DNS:elsewhere");
    const redis_server wrong{with_tls(port)};
    check_refused(open(over_tls())->load(), errc::unavailable, "mismatch");
    auto by_name = over_tls();
    by_name.client.server.host = "localhost";
    check_refused(open(by_name)->load(), errc::unavailable, "mismatch");
  }

  BOOST_AUTO_TEST_CASE(a_node_without_a_certificate_is_refused_by_the_server) {
    auto with = over_tls();
    with.client.server.files.certificate.clear();
    with.client.server.files.key.clear();
    const auto refused = open(with)->load();
    BOOST_REQUIRE(!refused);
    BOOST_TEST((refused.error().code == errc::unavailable));
    BOOST_TEST(refused.error().next_step.find("redis_cert_file")
               != std::string::npos);
  }

  BOOST_AUTO_TEST_CASE(files_that_do_not_fit_are_named) {
    auto with = over_tls();
    with.client.server.files.ca = (notes / "none").string();
    check_refused(open(with)->load(), errc::unavailable, "redis_ca_file");
    with = over_tls();
    with.client.server.files.certificate = ca.file() + "x";
    check_refused(open(with)->load(), errc::unavailable, "redis_cert_file");
    with = over_tls();
    with.client.server.files.key = server_pem.key; // of another certificate
    check_refused(open(with)->load(), errc::unavailable, "redis_key_file");
  }

  BOOST_AUTO_TEST_CASE(plain_and_tls_do_not_mix_and_nobody_hangs) {
    auto plain = over_tls();
    plain.client.server.tls = false;
    BOOST_TEST((open(plain)->load().error().code == errc::unavailable));
    const auto other_port = redis_server::free_port();
    const redis_server bare{
      redis_server::words{"--port", other_port, "--bind", "127.0.0.1"}};
    auto to_bare = over_tls();
    to_bare.client.server.port = static_cast<uint16_t>(std::stoi(other_port));
    BOOST_TEST((open(to_bare)->load().error().code == errc::unavailable));
  }

BOOST_AUTO_TEST_SUITE_END()
