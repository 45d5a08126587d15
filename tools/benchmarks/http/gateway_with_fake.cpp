// The gateway with an event port that answers "hello" at once: what the HTTP
// side alone costs. Usage: gateway_with_fake PORT LOOPS; stops at end of input.
#include "gateway/http/server.hpp"
#include "tests/support/fake_admin_port.hpp"
#include "tests/support/fake_bundle_store.hpp"
#include "tests/support/fake_event_port.hpp"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: gateway_with_fake PORT LOOPS\n";
    return 2;
  }
  faas::test::fake_functions functions;
  functions.add("hello", [](faas::invocation&&, faas::completion&& done,
                            faas::loop_context&) {
    faas::reply answer;
    answer.content_type = "text/plain";
    // A body of its own, as functions make it: one shared by two loops would
    // measure its reference count.
    answer.body = faas::blob{"hello\n"};
    answer.site = "edge-1/cpu";
    answer.started = true;
    done(std::move(answer));
  });
  faas::test::fake_admin_port admin;
  faas::test::fake_bundle_store bundles;
  faas::system_clock_source clock;
  faas::http::server_config config;
  config.port = static_cast<uint16_t>(std::atoi(argv[1]));
  config.loops = static_cast<uint32_t>(std::atoi(argv[2]));
  auto server = faas::http::http_server::start(
    config, {functions,
             admin,
             bundles,
             clock,
             [](std::string_view) { return false; },
             {}});
  if (!server) {
    std::cerr << server.error().to_string() << "\n";
    return 1;
  }
  std::cout << (*server)->port() << std::endl;
  while (std::cin.get() != EOF) {
  }
  (*server)->stop(std::chrono::seconds{1});
}
