#include "tools/link-emulator/settings.hpp"

#include <cmath>
#include <sstream>

namespace faas::emulator {
namespace {

constexpr double most_ms = 60'000;
constexpr double most_mbit = 1e6;

/// A number within its bounds that is all that is left of the line.
bool number(std::istringstream& words, double most, double& out) {
  double value = 0;
  std::string more;
  if (!(words >> value) || words >> more || !std::isfinite(value) || value < 0
      || value > most)
    return false;
  out = value;
  return true;
}

bool change_law(link_settings& link, std::istringstream& words) {
  std::string name, more;
  words >> name;
  if (words >> more || (name != "uniform" && name != "exponential"))
    return false;
  link.there.law = link.back.law
    = name == "uniform" ? jitter_law::uniform : jitter_law::exponential;
  return true;
}

} // namespace

bool change(link_settings& link, const std::string& command) {
  std::istringstream words{command};
  std::string what, more;
  words >> what;
  double value = 0;
  if (what == "cut" || what == "heal") {
    if (words >> more)
      return false;
    link.cut = what == "cut";
    return true;
  }
  if (what == "jitter-law")
    return change_law(link, words);
  const bool rate = what.compare(0, 4, "mbit") == 0;
  const double most = rate ? most_mbit : what == "loss" ? 0.99 : most_ms;
  if (!number(words, most, value))
    return false;
  if (what == "rtt")
    link.there.one_way_ms = link.back.one_way_ms = value / 2;
  else if (what == "jitter")
    link.there.jitter_ms = link.back.jitter_ms = value;
  else if (what == "loss")
    link.there.loss = link.back.loss = value;
  else if (what == "mbit")
    link.there.mbit = link.back.mbit = value;
  else if (what == "mbit-there")
    link.there.mbit = value;
  else if (what == "mbit-back")
    link.back.mbit = value;
  else
    return false;
  return true;
}

result<std::vector<timed_command>> parse_script(const std::string& text) {
  std::vector<timed_command> made;
  std::istringstream lines{text};
  std::string line;
  double last = 0;
  for (int number = 1; std::getline(lines, line); ++number) {
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#')
      continue;
    std::istringstream words{line};
    double at = -1;
    std::string command;
    words >> at >> std::ws;
    std::getline(words, command);
    link_settings scratch;
    if (!(at >= last && at <= 1e7))
      return error{errc::invalid_argument,
                   "line " + std::to_string(number)
                     + ": begins with a time in seconds, not before the last",
                   "SECONDS COMMAND"};
    if (!change(scratch, command))
      return error{errc::invalid_argument,
                   "line " + std::to_string(number)
                     + ": no such command: " + command,
                   "see tools/link-emulator/README.md"};
    last = at;
    made.push_back({from_ms(at * 1000), command});
  }
  return made;
}

} // namespace faas::emulator
