// mqtt_subscriber PORT CLIENT_ID FILTER: prints "ready" once subscribed, then
// one line per message, "TOPIC PAYLOAD dup|new", and acknowledges none.
#include "gateway/mqtt/client.hpp"

#include <utility>

#include <boost/asio/io_context.hpp>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
  using namespace faas::mqtt;
  if (argc != 4)
    return 2;
  client_options options;
  options.port = static_cast<uint16_t>(std::atoi(argv[1]));
  options.session.client_id = argv[2];
  client_handlers handlers;
  handlers.on_message = [](delivery message) {
    std::printf("%s %s %s\n", message.topic.c_str(),
                std::string{message.payload.view()}.c_str(),
                message.dup ? "dup" : "new");
    std::fflush(stdout);
  };
  handlers.on_subscribed = [](const std::string&, auto) {
    std::puts("ready");
    std::fflush(stdout);
  };
  boost::asio::io_context loop;
  faas::random_source random{1};
  client subscriber{loop, options, handlers, random};
  if (!subscriber.subscribe({{argv[3]}}))
    return 2;
  subscriber.start();
  loop.run();
}
