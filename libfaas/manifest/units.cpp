// Bytes and durations as people write them.
#include "libfaas/manifest/units.hpp"

#include "libfaas/manifest/manifest.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace faas {
namespace {

struct unit {
  std::string_view suffix;
  double factor;
};

// Kubernetes quantities: powers of two with "i", else of ten.
constexpr std::array byte_units{
  unit{"", 1},         unit{"Ki", 0x1p10},  unit{"Mi", 0x1p20},
  unit{"Gi", 0x1p30},  unit{"Ti", 0x1p40},  unit{"k", 1e3},
  unit{"K", 1e3},      unit{"M", 1e6},      unit{"G", 1e9},
  unit{"T", 1e12},     unit{"B", 1},        unit{"KiB", 0x1p10},
  unit{"MiB", 0x1p20}, unit{"GiB", 0x1p30}, unit{"KB", 1e3},
  unit{"MB", 1e6},     unit{"GB", 1e9},
};

// Go's time.ParseDuration.
constexpr std::array time_units{
  unit{"ns", 1},  unit{"us", 1e3}, unit{"\xc2\xb5s", 1e3}, unit{"ms", 1e6},
  unit{"s", 1e9}, unit{"m", 60e9}, unit{"h", 3600e9},
};

/// Reads a decimal number without sign or exponent; advances `text`.
bool take_number(std::string_view& text, double& value) {
  size_t length = 0;
  bool digits = false;
  while (
    length < text.size()
    && ((text[length] >= '0' && text[length] <= '9') || text[length] == '.'))
    digits |= text[length++] != '.';
  const auto end = text.data() + length;
  const auto [stop, code]
    = std::from_chars(text.data(), end, value, std::chars_format::fixed);
  if (!digits || code != std::errc{} || stop != end)
    return false;
  text.remove_prefix(length);
  return true;
}

template <size_t N>
double factor_of(std::string_view suffix, const std::array<unit, N>& units) {
  for (const auto& u : units)
    if (u.suffix == suffix)
      return u.factor;
  return 0;
}

} // namespace

result<uint64_t> parse_bytes(std::string_view text) {
  const auto wrong = error{errc::invalid_argument,
                           "\"" + std::string{text.substr(0, 40)}
                             + "\" is not a number of bytes",
                           "write for example 12, 500K, 40Mi or 1Gi"};
  auto rest = text;
  double value = 0;
  if (!take_number(rest, value))
    return wrong;
  const auto factor = factor_of(rest, byte_units);
  const auto bytes = std::floor(value * factor);
  if (factor == 0 || !(bytes < 0x1p63))
    return wrong;
  return static_cast<uint64_t>(bytes);
}

result<duration> parse_duration(std::string_view text) {
  const auto wrong
    = error{errc::invalid_argument,
            "\"" + std::string{text.substr(0, 40)} + "\" is not a duration",
            "write for example 90, 1m30s or 250ms"};
  auto rest = text;
  double total = 0;
  do {
    double value = 0;
    if (!take_number(rest, value))
      return wrong;
    if (rest.empty() && total == 0) { // whole seconds
      total = value * 1e9;
      break;
    }
    const auto length = rest.find_first_of("0123456789.");
    const auto factor = factor_of(rest.substr(0, length), time_units);
    if (factor == 0)
      return wrong;
    total += value * factor;
    rest.remove_prefix(std::min(length, rest.size()));
  } while (!rest.empty());
  if (!(total < 0x1p62))
    return wrong;
  return duration{static_cast<int64_t>(std::llround(total))};
}

std::string format_duration(duration d) {
  struct step {
    int64_t factor;
    const char* suffix;
  };
  constexpr step steps[]
    = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}};
  const auto ns = d.count();
  for (const auto& s : steps)
    if (ns % s.factor == 0)
      return std::to_string(ns / s.factor) + s.suffix;
  return std::to_string(ns) + "ns";
}

} // namespace faas
