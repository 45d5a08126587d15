#include "tools/faas-cli/log_printer.hpp"

#include "tools/faas-cli/gateway_api.hpp"
#include "tools/faas-cli/views.hpp"

#include <ctime>
#include <nlohmann/json.hpp>
#include <ostream>

namespace faas::cli {

std::string rfc3339(wall_time at) {
  const auto seconds = std::chrono::system_clock::to_time_t(at);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

bool log_printer::operator()(std::string_view line) {
  const auto parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object())
    return true;
  if (const auto known = again_.find(line); known != again_.end()) {
    again_.erase(known);
    return true;
  }
  const auto time = text_at(parsed, "timestamp");
  if (time != last_)
    printed_.clear();
  last_ = time;
  printed_.emplace(line);
  if (json_)
    s_.out << parsed.dump(-1, ' ', false, json::error_handler_t::replace);
  else
    s_.out << log_text(parsed);
  s_.out << std::endl; // a follower reads along
  return static_cast<bool>(s_.out);
}

} // namespace faas::cli
