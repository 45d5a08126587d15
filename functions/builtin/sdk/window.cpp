#include "functions/builtin/window.hpp"

#include "functions/builtin/sdk/answers.hpp"

#include <chrono>

namespace {

using namespace faas;

class function {
public:
  explicit function(const sdk::config& node)
    : windows_(builtin::required(
      builtin::window_options::make(builtin::settings_of(node)))) {}

  sdk::response operator()(const sdk::request& event) {
    using namespace std::chrono;
    auto read = builtin::read_documents(event.body(), event.content_type());
    if (!read)
      return builtin::refusal(read.error());
    const auto now = duration_cast<milliseconds>(
                       system_clock::now().time_since_epoch())
                       .count();
    auto done = windows_.add(read->items, now);
    if (!done)
      return builtin::refusal(done.error());
    sdk::headers headers;
    if (done->late > 0)
      headers.emplace_back("X-Late-Events", std::to_string(done->late));
    if (done->windows.empty())
      return {"", 204, "application/json", std::move(headers)};
    const auto how = read->how == builtin::framing::lines
                       ? builtin::framing::lines
                       : builtin::framing::array;
    return {builtin::write_documents(how, done->windows), 200,
            std::string{builtin::content_type_of(how)}, std::move(headers)};
  }

private:
  builtin::windows windows_;
};

} // namespace

FAAS_FUNCTION(function)
