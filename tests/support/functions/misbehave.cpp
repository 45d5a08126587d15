// Does what its body says: "WORD" or "WORD NUMBER".
#include "order.hpp"

#include <faas/function.hpp>

#include <thread>

namespace {

using namespace std::chrono_literals;

struct misbehave {
  faas::sdk::response operator()(const faas::sdk::request& event,
                                 faas::sdk::context& node) {
    const auto body = event.body();
    const auto [word, number] = order{body};
    ++calls;
    if (word == "throw")
      throw std::runtime_error("thrown on purpose");
    if (word == "throw-int")
      throw 42;
    if (word == "block") // milliseconds, whatever anybody says
      std::this_thread::sleep_for(std::chrono::milliseconds{number});
    if (word == "until-cancelled")
      while (!node.cancelled())
        std::this_thread::sleep_for(1ms);
    if (word == "forever")
      while (true)
        std::this_thread::sleep_for(1h);
    if (word == "spin") // microseconds of work
      for (const auto end = std::chrono::steady_clock::now()
                            + std::chrono::microseconds{number};
           std::chrono::steady_clock::now() < end;)
        ;
    if (word == "allocate") {
      std::vector<char> memory(static_cast<size_t>(number), 'x');
      return {.body = std::to_string(memory.size())};
    }
    if (word == "huge") // bytes of answer
      return {.body = std::string(static_cast<size_t>(number), 'x')};
    if (word == "status")
      return {.body = "", .status = static_cast<int>(number)};
    if (word == "calls") // of this instance
      return {.body = std::to_string(calls)};
    if (word == "remaining") // milliseconds
      return {.body = std::to_string(node.remaining() / 1ms)};
    if (word == "log")
      node.log("a line\nof two", FAAS_LOG_WARNING);
    if (word == "log-long")
      node.log(std::string(100'000, 'x'));
    if (word == "header")
      return {.body = std::string{event.header("x-test")},
              .headers = {{"X-Made-By", "misbehave"}}};
    if (word == "bad-header")
      return {.body = "", .headers = {{"X-A", "1\r\nX-Injected: 2"}}};
    return {.body = std::string{body}};
  }
  int64_t calls = 0;
};

} // namespace

FAAS_FUNCTION(misbehave)
