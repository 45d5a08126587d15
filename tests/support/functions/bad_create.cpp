#include <faas/function.hpp>

struct bad_create {
  explicit bad_create(const faas::sdk::config& node) {
    throw std::runtime_error("no " + std::string{node.environment("NEEDED")}
                             + " for " + std::string{node.function_name()});
  }
  std::string operator()(const faas::sdk::request&) { return "never"; }
};

FAAS_FUNCTION(bad_create)
