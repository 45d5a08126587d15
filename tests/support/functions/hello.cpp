#include <faas/function.hpp>

std::string hello(const faas::sdk::request& event) {
  return "Hello, " + std::string{event.body()} + "!\n";
}

FAAS_FUNCTION(hello)
