#include "libfaas/routing/site_costs.hpp"

#include <charconv>
#include <optional>

namespace faas::routing {
namespace {

/// All of the text, or nothing: "4 EUR" is no 4.
std::optional<double> number_in(const std::string& text) noexcept {
  double value = 0;
  const auto* end = text.data() + text.size();
  const auto [at, failed] = std::from_chars(text.data(), end, value);
  if (failed != std::errc{} || at != end || !std::isfinite(value) || value < 0)
    return std::nullopt;
  return value;
}

class label_reader {
public:
  label_reader(const std::map<std::string, std::string>& labels,
               std::vector<std::string>& wrong)
    : labels_(labels), wrong_(wrong) {}

  /// 0 where there is no such label; empty when it is wrong.
  std::optional<double> read(const std::string& label) {
    const auto at = labels_.find(label);
    if (at == labels_.end())
      return 0;
    const auto value = number_in(at->second);
    if (!value)
      wrong_.push_back("label " + label + " is \"" + at->second
                       + "\", not a plain number of at least 0");
    return value;
  }

private:
  const std::map<std::string, std::string>& labels_;
  std::vector<std::string>& wrong_;
};

} // namespace

stated_costs costs_in(const std::map<std::string, std::string>& labels) {
  stated_costs made;
  label_reader in{labels, made.wrong};
  made.costs.price_per_s = in.read("price_per_s").value_or(0);
  const auto idle = in.read("idle_watts"), busy = in.read("busy_watts");
  if (!idle || !busy)
    return made;
  if (*busy < *idle) {
    made.wrong.push_back("label busy_watts is less than idle_watts");
    return made;
  }
  made.costs.idle_watts = *idle;
  made.costs.busy_watts = *busy;
  return made;
}

} // namespace faas::routing
