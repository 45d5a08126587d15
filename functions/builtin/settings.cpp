#include "functions/builtin/settings.hpp"

#include <charconv>
#include <cmath>

namespace faas::builtin {
namespace {

template <class Number>
bool read_all(std::string_view text, Number& out) noexcept {
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, out);
  return failed == std::errc{} && at == end && !text.empty();
}

error wrong(std::string_view name, std::string_view value, std::string must) {
  return {errc::invalid_argument,
          std::string{name} + ": \"" + std::string{value.substr(0, 64)}
            + "\" must be " + must,
          "mend environment." + std::string{name} + " in the manifest"};
}

} // namespace

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos)
    return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

result<int64_t> whole_number(const settings& from, std::string_view name,
                             int64_t fallback, int64_t least, int64_t most) {
  const auto text = trimmed(from(name));
  if (text.empty())
    return fallback;
  int64_t value = 0;
  if (!read_all(text, value) || value < least || value > most)
    return wrong(name, text,
                 "a whole number from " + std::to_string(least) + " to "
                   + std::to_string(most));
  return value;
}

result<std::vector<float>> number_list(const settings& from,
                                       std::string_view name, float fallback,
                                       size_t count) {
  const auto text = trimmed(from(name));
  if (text.empty())
    return std::vector<float>(count, fallback);
  std::vector<float> values;
  for (auto rest = text; values.size() <= count;) {
    const auto comma = rest.find(',');
    float value = 0;
    if (!read_all(trimmed(rest.substr(0, comma)), value)
        || !std::isfinite(value))
      return wrong(name, text, "numbers separated by commas");
    values.push_back(value);
    if (comma == rest.npos)
      break;
    rest.remove_prefix(comma + 1);
  }
  if (values.size() == 1)
    values.resize(count, values[0]);
  if (values.size() != count)
    return wrong(name, text, "1 or " + std::to_string(count) + " numbers");
  return values;
}

int64_t milliseconds_of(std::string_view text) noexcept {
  constexpr int64_t most = int64_t{366} * 24 * 3'600'000;
  int64_t unit = 0;
  if (text.ends_with("ms"))
    unit = 1;
  else if (text.ends_with('s'))
    unit = 1000;
  else if (text.ends_with('m'))
    unit = 60'000;
  else if (text.ends_with('h'))
    unit = 3'600'000;
  if (unit == 0)
    return -1;
  text.remove_suffix(unit == 1 ? 2 : 1);
  int64_t count = 0;
  if (!read_all(text, count) || count < 1 || count > most / unit)
    return -1;
  return count * unit;
}

} // namespace faas::builtin
