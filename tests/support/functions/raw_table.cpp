// Written against the C header alone; breaks the rules of the sink as its body
// says, and lets exceptions cross the border.
#include <faas/function.h>

#include <cstring>
#include <stdexcept>
#include <string_view>

namespace {

faas_bytes bytes(std::string_view text) {
  return {text.data(), text.size()};
}

int create(const faas_config*, void** state, char*, size_t) {
  *state = nullptr;
  return 0;
}

void destroy(void*) {}

int invoke(void*, const faas_context*, const faas_event* event,
           const faas_sink* sink) {
  const std::string_view word{event->body.data, event->body.size};
  const auto start = [&](int status) {
    return sink->start(sink->node, status, bytes("text/plain"), nullptr, 0);
  };
  const auto write = [&](std::string_view part) {
    return sink->write(sink->node, bytes(part));
  };
  if (word == "twice") {
    start(200);
    write("one");
    return start(200) == 0 ? 0 : 0;
  }
  if (word == "silent")
    return 0;
  if (word == "empty")
    return start(204);
  if (word == "late-start") {
    write("one");
    start(200);
    return 0;
  }
  if (word == "no-start")
    return write("bare");
  if (word == "code")
    return 7;
  if (word == "escape")
    throw std::runtime_error("crossed the border");
  if (word == "escape-int")
    throw 1;
  if (word == "parts") {
    start(201);
    for (int i = 0; i < 1000; ++i)
      if (write("0123456789") != 0)
        return 3;
    return 0;
  }
  if (word == "ignore-refusal") {
    start(200);
    for (int i = 0; i < 1000; ++i)
      write("0123456789");
    return 0;
  }
  if (word == "call-id") {
    start(200);
    return sink->write(sink->node, event->call_id);
  }
  if (word == "null-parts") {
    sink->start(sink->node, 200, {nullptr, 0}, nullptr, 3);
    return sink->write(sink->node, {nullptr, 12});
  }
  return write(word);
}

} // namespace

extern "C" FAAS_EXPORT const faas_function_table_v1 faas_function_table
  = {sizeof(faas_function_table_v1),
     FAAS_ABI_VERSION,
     0,
     &create,
     &destroy,
     &invoke};
