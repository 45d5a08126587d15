#include <faas/function.hpp>

// Sends back what came, with its type; the path comes back as a header.
void echo(const faas::sdk::request& event, faas::sdk::context& node,
          faas::sdk::response_writer& out) {
  if (event.header("x-log") == "yes")
    node.log("echo of " + std::to_string(event.body().size()) + " bytes");
  out.start(200, event.content_type(), {{"X-Path", std::string{event.path()}}});
  out.write(event.body());
}

FAAS_FUNCTION(echo)
