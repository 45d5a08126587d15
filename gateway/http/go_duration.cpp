#include "gateway/http/go_duration.hpp"

#include <charconv>

namespace faas::http {
namespace {

struct unit {
  std::string_view name;
  double nanoseconds;
};
// Longer names first: "ms" before "m".
constexpr unit units[] = {{"ns", 1},    {"us", 1e3},   {"\xc2\xb5s", 1e3},
                          {"ms", 1e6},  {"s", 1e9},    {"m", 60e9},
                          {"h", 3600e9}};
constexpr double longest = 10'000 * 3600e9;

} // namespace

std::optional<duration> parse_go_duration(std::string_view text) noexcept {
  if (text == "0")
    return duration{};
  if (text.empty())
    return std::nullopt;
  double total = 0;
  while (!text.empty()) {
    double value = 0;
    const auto [end, failed]
      = std::from_chars(text.data(), text.data() + text.size(), value,
                        std::chars_format::fixed);
    if (failed != std::errc{} || !(value >= 0) || text.front() == '-')
      return std::nullopt;
    text.remove_prefix(static_cast<size_t>(end - text.data()));
    const unit* found = nullptr;
    for (const auto& candidate : units)
      if (!found && text.starts_with(candidate.name))
        found = &candidate;
    if (!found)
      return std::nullopt;
    text.remove_prefix(found->name.size());
    total += value * found->nanoseconds;
    if (!(total <= longest))
      return std::nullopt;
  }
  return duration{static_cast<int64_t>(total)};
}

} // namespace faas::http
