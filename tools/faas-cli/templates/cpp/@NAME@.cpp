#include <faas/function.hpp>

// The body of the event in, the body of the answer out.
std::string handle(const faas::sdk::request& event) {
  const auto name = event.body().empty() ? "world" : event.body();
  return "Hello, " + std::string{name} + "!\n";
}

FAAS_FUNCTION(handle)
