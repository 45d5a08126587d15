#include "actors/predictor/peer_estimates.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace faas::actors {
namespace {

using nlohmann::json;
using pair = routing::snapshot::pair;

constexpr size_t most_bytes = 4 << 20;
/// Of the text below. Another meaning or order of its numbers is another one.
constexpr int format = 1;
constexpr std::array pair_numbers{
  &pair::slope,     &pair::intercept, &pair::log_slowdown, &pair::log_shape,
  &pair::log_noise, &pair::cold_log_mean, &pair::cold_log_var};

bool finite(const pair& of) {
  return std::ranges::all_of(pair_numbers, [&](const auto number) {
    return std::isfinite(of.*number);
  });
}

json pair_json(const pair& from) {
  json made{from.function, from.site};
  for (const auto number : pair_numbers)
    made.push_back(from.*number);
  return made;
}

/// So many names, then so many numbers.
bool is_row(const json& from, size_t names, size_t numbers) {
  if (!from.is_array() || from.size() != names + numbers)
    return false;
  for (size_t i = 0; i < from.size(); ++i)
    if (i < names ? !from[i].is_string() : !from[i].is_number())
      return false;
  return true;
}

/// Nothing for one that is none: the others are as good without it.
std::optional<pair> pair_of(const json& from) {
  if (!is_row(from, 2, pair_numbers.size()))
    return std::nullopt;
  pair made;
  made.function = from[0].get<std::string>();
  made.site = from[1].get<std::string>();
  for (size_t i = 0; i < pair_numbers.size(); ++i)
    made.*pair_numbers[i] = from[2 + i].get<double>();
  return made;
}

std::optional<routing::snapshot::site> site_of(const json& from) {
  if (!is_row(from, 1, 1))
    return std::nullopt;
  return routing::snapshot::site{from[0].get<std::string>(),
                                 from[1].get<double>()};
}

error no_experience(const std::string& why) {
  return {errc::invalid_argument, "these are no estimates: " + why,
          "run the same release on all nodes; until then each learns for itself"};
}

/// Why `read` is not of this format; empty: it is.
std::string misfit(const json& read) {
  if (!read.is_object())
    return "not a JSON object";
  const auto said = read.find("format");
  if (said == read.end())
    return "they do not say their format, as of an older release";
  if (!said->is_number_integer() || *said != format)
    return "their format is " + said->dump(-1, ' ', false,
                                           json::error_handler_t::replace)
           + ", not " + std::to_string(format);
  for (const auto* list : {"sites", "pairs"}) {
    const auto at = read.find(list);
    if (at == read.end() || !at->is_array())
      return std::string{"there is no list of "} + list;
    if (at->size() > most_told_pairs)
      return std::string{"too many "} + list;
  }
  return {};
}

} // namespace

std::string to_text(const routing::snapshot& experience) {
  json made{
    {"format", format}, {"sites", json::array()}, {"pairs", json::array()}};
  // JSON has no number for what is not finite.
  for (const auto& site : experience.sites)
    if (std::isfinite(site.log_slowdown))
      made["sites"].push_back({site.name, site.log_slowdown});
  for (const auto& one : experience.pairs)
    if (finite(one))
      made["pairs"].push_back(pair_json(one));
  return made.dump(-1, ' ', false, json::error_handler_t::replace);
}

result<routing::snapshot> experience_of(const std::string& text) {
  if (text.size() > most_bytes)
    return no_experience("too long");
  const auto read = json::parse(text, nullptr, false);
  if (const auto why = misfit(read); !why.empty())
    return no_experience(why);
  routing::snapshot made;
  for (const auto& one : read.at("sites"))
    if (auto site = site_of(one))
      made.sites.push_back(std::move(*site));
  for (const auto& one : read.at("pairs"))
    if (auto known = pair_of(one))
      made.pairs.push_back(std::move(*known));
  return made;
}

} // namespace faas::actors
