// Answers in parts. Body: "WORD NUMBER".
#include "order.hpp"

#include <faas/function.hpp>


namespace {

void write_parts(int64_t count, faas::sdk::response_writer& out) {
  for (int64_t i = 0; i < count; ++i) {
    out.write("part " + std::to_string(i) + ";");
    out.flush();
  }
}

void in_parts(const faas::sdk::request& event, faas::sdk::context& node,
              faas::sdk::response_writer& out) {
  const auto body = event.body();
  const auto [word, number] = order{body};
  out.start(201, "text/event-stream", {{"X-A", "1"}});
  if (word == "parts") {
    write_parts(number, out);
    out.write("end");
  } else if (word == "head") { // before there is a body
    out.flush();
    out.write("end");
  } else if (word == "throw") {
    write_parts(number, out);
    throw std::runtime_error("thrown between parts");
  } else if (word == "start") { // again, which is too late
    write_parts(number, out);
    out.start(200, "text/plain");
  } else if (word == "large") { // bytes in one part
    out.write(std::string(static_cast<size_t>(number), 'x'));
    out.flush();
  } else if (word == "endless") {
    int64_t parts = 0;
    while (out.write("x") && out.flush())
      ++parts;
    node.log("stopped after " + std::to_string(parts));
  } else if (word == "deaf") { // goes on when it is told to stop
    for (int64_t i = 0; i < number; ++i)
      out.flush();
    node.log("deaf");
  }
}

} // namespace

FAAS_FUNCTION(in_parts)
