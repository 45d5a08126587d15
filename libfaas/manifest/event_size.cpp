#include "libfaas/manifest/event_size.hpp"

#include "libfaas/event/items.hpp"

#include <nlohmann/json.hpp>

#include <charconv>
#include <cmath>

namespace faas {
namespace {

double finite(double value) noexcept {
  return std::isfinite(value) && value > 0 ? value : 0;
}

double size_in_json(const std::string& pointer, std::string_view body) {
  if (body.size() > json_limit)
    return 0;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_discarded())
    return 0;
  try { // a malformed pointer throws
    const auto at = nlohmann::json::json_pointer{pointer};
    if (!json.contains(at))
      return 0;
    const auto& value = json.at(at);
    if (value.is_number())
      return value.get<double>();
    if (value.is_string())
      return static_cast<double>(value.get_ref<const std::string&>().size());
    return value.is_array() ? static_cast<double>(value.size()) : 0;
  } catch (const nlohmann::json::exception&) {
    return 0;
  }
}

} // namespace

double event_size(const size_feature& feature, const invocation& event) {
  double value = 0;
  switch (feature.from) {
  case size_feature::kind::bytes:
    value = static_cast<double>(event.body.size());
    break;
  case size_feature::kind::header:
    if (const auto* text = find_header(event.headers, feature.name))
      std::from_chars(text->data(), text->data() + text->size(), value);
    break;
  case size_feature::kind::json_pointer:
    value = size_in_json(feature.name, event.body.view());
    break;
  case size_feature::kind::items:
    value = static_cast<double>(
      count_items(event.content_type, event.body.view()));
    break;
  }
  return finite(value / (feature.divisor > 0 ? feature.divisor : 1));
}

} // namespace faas
