#include <faas/function.hpp>

extern "C" int petrel_symbol_that_nobody_has();

std::string unresolved(const faas::sdk::request&) {
  return std::to_string(petrel_symbol_that_nobody_has());
}

FAAS_FUNCTION(unresolved)
