// Greets the body; a class, so that an instance keeps its greeting.
#include <faas/function.hpp>

class greet {
public:
  explicit greet(const faas::sdk::config& node)
    : greeting_(node.environment("GREETING")) {
    if (greeting_.empty())
      greeting_ = "Hello";
  }

  faas::sdk::response operator()(const faas::sdk::request& event) {
    if (event.body().empty())
      return {"whom?\n", 400};
    return {greeting_ + ", " + std::string{event.body()} + "!\n"};
  }

private:
  std::string greeting_;
};

FAAS_FUNCTION(greet)
