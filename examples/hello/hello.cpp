#include <faas/function.hpp>

std::string hello(const faas::sdk::request& event) {
  const auto name = event.body().empty() ? "world" : event.body();
  return "Hello, " + std::string{name} + "!\n";
}

FAAS_FUNCTION(hello)
