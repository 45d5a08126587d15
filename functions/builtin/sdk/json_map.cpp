#include "functions/builtin/json_map.hpp"

#include "functions/builtin/sdk/answers.hpp"

namespace {

using namespace faas;

class function {
public:
  explicit function(const sdk::config& node)
    : map_(builtin::required(
      builtin::json_map::make(builtin::settings_of(node)))) {}

  sdk::response operator()(const sdk::request& event) const {
    auto how = builtin::framing::one;
    auto done = map_.run(event.body(), event.content_type(), how);
    if (!done)
      return builtin::refusal(done.error());
    if (!*done)
      return {"", 204};
    return {std::move(**done), 200,
            std::string{builtin::content_type_of(how)}};
  }

private:
  builtin::json_map map_;
};

} // namespace

FAAS_FUNCTION(function)
