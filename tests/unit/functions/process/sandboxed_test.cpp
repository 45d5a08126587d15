// The same runtime with programs in the sandbox. Where this machine cannot
// make one, the cases say so and end.
#include "tests/unit/functions/process/world.hpp"
#include "tests/support/sandbox_here.hpp"

using namespace faas;
using namespace faas::process::testing;

namespace {

/// A folder that another user may read, as bundles are.
struct sandbox_world : world {
  context calls;
  const std::string missing = sandbox::probe().missing();

  sandbox_world() {
    config.sandboxed = true;
    std::filesystem::permissions(bundle.path(),
                                 std::filesystem::perms{0755});
  }
  bool cannot() const {
    if (!missing.empty())
      BOOST_TEST_MESSAGE("skipped: " << missing);
    return !missing.empty();
  }
  void server(std::string_view text) {
    script("server.py", text);
    std::filesystem::permissions(bundle / "server.py",
                                 std::filesystem::perms{0755});
    spec.petrel.process.command = {"/usr/bin/python3", "-u", "server.py"};
  }
  reply ask(std::string path, std::string body = {}) {
    const auto failed = module ? "" : load_failure();
    BOOST_REQUIRE_MESSAGE(module, failed);
    return instance()->invoke(event(std::move(path), std::move(body)), calls);
  }
};

/// Answers each request with the request's path, over the standard library's
/// server, as most programs do.
constexpr auto plain_server = R"(
import http.server, os, socket
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *ignored):
        pass
    def address_string(self):
        return "?"
class Unix(http.server.HTTPServer):
    address_family = socket.AF_UNIX
    def server_bind(self):
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "f", 0
path = os.environ.get("PETREL_SOCKET")
if path:
    Unix(path, Handler).serve_forever()
http.server.ThreadingHTTPServer(
    ("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
)";

} // namespace

BOOST_FIXTURE_TEST_SUITE(sandboxed_test, sandbox_world,
                         *boost::unit_test::precondition(
                           faas::testing::sandbox_here))

  BOOST_AUTO_TEST_CASE(a_port_in_a_network_of_its_own_is_reached) {
    if (cannot())
      return;
    server(plain_server);
    const auto answer = ask("/", "hello");
    BOOST_REQUIRE_MESSAGE(answer.code == errc::ok, answer.message);
    BOOST_TEST(answer.body.view() == "hello");
    BOOST_TEST(module->facts().at("listen") == "port 8080");
    // The port of this machine's own network is another one: a second function
    // serves on the same number.
    auto other = runtime->load(
      {{spec.name, 2}, spec, bundle.path(), nullptr, log.events()});
    BOOST_REQUIRE_MESSAGE(other, "the second one does not start");
    BOOST_TEST((*other)->facts().at("listen") == "port 8080");
  }

  BOOST_AUTO_TEST_CASE(a_unix_socket_is_reached) {
    if (cannot())
      return;
    spec.petrel.process.listen = process_listen::unix_socket;
    std::filesystem::permissions(sockets.path(), std::filesystem::perms{0711});
    server(plain_server);
    const auto answer = ask("/", "hello");
    BOOST_REQUIRE_MESSAGE(answer.code == errc::ok, answer.message);
    BOOST_TEST(answer.body.view() == "hello");
  }

  BOOST_AUTO_TEST_CASE(the_nodes_network_is_asked_for) {
    if (cannot())
      return;
    spec.petrel.network = true;
    server(plain_server);
    BOOST_TEST(ask("/", "hello").body.view() == "hello");
    BOOST_TEST(module->facts().at("listen") != "port 8080");
  }

  BOOST_AUTO_TEST_CASE(a_filter_runs_in_it) {
    if (cannot())
      return;
    spec.petrel.process.protocol = process_protocol::fork;
    spec.petrel.process.command = {"tr", "a-z", "A-Z"};
    BOOST_TEST(ask("/", "hello").body.view() == "HELLO");
  }

  BOOST_AUTO_TEST_CASE(it_sees_its_bundle_and_no_other_process) {
    if (cannot())
      return;
    spec.petrel.process.protocol = process_protocol::fork;
    faas::testing::write_file(bundle / "data", "mine");
    std::filesystem::permissions(bundle / "data",
                                 std::filesystem::perms{0644});
    spec.petrel.process.command
      = {"sh", "-c", "cat data; ls -d /proc/[0-9]* | wc -l; ls /sys/class/net "
                     "2>/dev/null || true; touch data 2>/dev/null || echo ro"};
    const auto answer = ask("/");
    BOOST_REQUIRE_MESSAGE(answer.code == errc::ok, answer.message);
    BOOST_TEST(answer.body.view().starts_with("mine"), answer.body.view());
    BOOST_TEST(contains(answer.body.view(), "ro"), answer.body.view());
  }

  BOOST_AUTO_TEST_CASE(a_worker_has_its_link_and_memory) {
    if (cannot())
      return;
    spec.petrel.process.protocol = process_protocol::worker;
    server("print('ready')\nimport os\n"
           "os._exit(os.fstat(3).st_mode == 0 or os.fstat(4).st_size == 0)\n");
    BOOST_REQUIRE(load());
    const auto made = module->create_instance();
    BOOST_REQUIRE(!made);
    BOOST_TEST(contains(made.error().message, "exited with status 0"),
               made.error().message);
  }

  BOOST_AUTO_TEST_CASE(the_lambda_api_is_in_its_own_network) {
    if (cannot())
      return;
    spec.petrel.process.protocol = process_protocol::lambda;
    server(R"(
import http.client, os
address = os.environ["AWS_LAMBDA_RUNTIME_API"]
api = http.client.HTTPConnection(address)
while True:
    api.request("GET", "/2018-06-01/runtime/invocation/next")
    got = api.getresponse()
    got.read()
    id = got.headers["Lambda-Runtime-Aws-Request-Id"]
    api.request("POST", f"/2018-06-01/runtime/invocation/{id}/response",
                address)
    api.getresponse().read()
)");
    BOOST_TEST(ask("/", "1").body.view() == "127.0.0.1:9001");
    BOOST_TEST(ask("/", "1").body.view() == "127.0.0.1:9001"); // beside it
  }

  BOOST_AUTO_TEST_CASE(a_crash_restarts_it_in_a_new_network) {
    if (cannot())
      return;
    server(std::string{plain_server}.replace(
      std::string_view{plain_server}.find("        self.send_response"), 0,
      "        body == b'crash' and os._exit(3)\n"));
    BOOST_TEST(ask("/", "a").body.view() == "a");
    BOOST_TEST((ask("/", "crash").code == errc::outcome_unknown));
    const auto answer = ask("/", "b");
    BOOST_TEST((answer.code == errc::ok), answer.message);
    BOOST_TEST(answer.body.view() == "b");
    BOOST_TEST(module->facts().at("restarts") == "1");
  }

BOOST_AUTO_TEST_SUITE_END()
