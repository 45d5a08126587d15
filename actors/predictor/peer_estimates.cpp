#include "actors/predictor/peer_estimates.hpp"

#include <nlohmann/json.hpp>

#include <array>

namespace faas::actors {
namespace {

using nlohmann::json;
using pair = routing::snapshot::pair;

constexpr size_t most_bytes = 4 << 20;
constexpr std::array pair_numbers{
  &pair::slope,     &pair::intercept, &pair::log_slowdown, &pair::log_shape,
  &pair::log_noise, &pair::cold_log_mean, &pair::cold_log_var};

json pair_json(const pair& from) {
  json made{from.function, from.site};
  for (const auto number : pair_numbers)
    made.push_back(from.*number);
  return made;
}

pair pair_of(const json& from) {
  pair made;
  made.function = from.at(0).get<std::string>();
  made.site = from.at(1).get<std::string>();
  for (size_t i = 0; i < pair_numbers.size(); ++i)
    made.*pair_numbers[i] = from.at(2 + i).get<double>();
  return made;
}

error no_experience(const std::string& why) {
  return {errc::invalid_argument, "these are no estimates: " + why,
          "both nodes should be of the same release"};
}

} // namespace

std::string to_text(const routing::snapshot& experience) {
  json made{{"sites", json::array()}, {"pairs", json::array()}};
  for (const auto& site : experience.sites)
    made["sites"].push_back({site.name, site.log_slowdown});
  for (const auto& one : experience.pairs)
    made["pairs"].push_back(pair_json(one));
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<routing::snapshot> experience_of(const std::string& text) {
  if (text.size() > most_bytes)
    return no_experience("too long");
  const auto read = json::parse(text, nullptr, false);
  if (!read.is_object())
    return no_experience("not a JSON object");
  try {
    routing::snapshot made;
    for (const auto& site : read.at("sites"))
      made.sites.push_back(
        {site.at(0).get<std::string>(), site.at(1).get<double>()});
    for (const auto& one : read.at("pairs"))
      made.pairs.push_back(pair_of(one));
    if (made.pairs.size() > most_told_pairs
        || made.sites.size() > most_told_pairs)
      return no_experience("too many");
    return made;
  } catch (const json::exception& e) {
    return no_experience(e.what());
  }
}

} // namespace faas::actors
